"""The document, section by section: each function takes the outcome and gives what JSON can hold."""
