"""Foreign words to and from ours."""
