"""Problem to solution."""
