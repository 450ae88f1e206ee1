"""Where prices and holdings come from."""
