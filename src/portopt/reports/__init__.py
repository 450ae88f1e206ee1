"""The answer as a document, a page, a table."""
