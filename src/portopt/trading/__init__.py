"""Solution and holdings to an executable plan."""
