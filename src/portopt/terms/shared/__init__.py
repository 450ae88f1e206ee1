"""What several terms use."""
