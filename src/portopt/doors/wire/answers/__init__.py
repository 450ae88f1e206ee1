"""What the operations do: each reads what was asked, asks a question of questions/ or runs/, and says the answer in its words."""
