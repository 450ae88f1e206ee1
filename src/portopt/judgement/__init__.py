"""What a history of returns is worth: figures, their errors, and whether they are more than luck."""
