"""Where the world comes in: command line, notebook, form."""
