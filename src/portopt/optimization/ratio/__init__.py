"""The highest ratio of a return and a risk."""
