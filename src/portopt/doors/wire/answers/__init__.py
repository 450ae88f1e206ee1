"""What the operations do: each reads what was asked, asks questions/ or runs/, and says the answer in its words."""
