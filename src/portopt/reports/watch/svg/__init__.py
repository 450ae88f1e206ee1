"""Drawings of the page of the watch: a line in the size of a word, and a figure through time."""
