"""The desk: every portfolio in a line, from what is on record."""
