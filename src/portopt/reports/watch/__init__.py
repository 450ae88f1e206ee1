"""The watch for people: an offline page and the terminal, from the document that `portopt watch --json` prints."""
