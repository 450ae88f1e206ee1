"""Tasks: retry, timeout and one call each."""
