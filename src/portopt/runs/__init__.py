"""What is kept of a question: the record, its life, its events, and what is asked of it later."""
