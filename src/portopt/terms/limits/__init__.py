"""What is forbidden."""
