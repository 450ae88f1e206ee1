"""Waves: many portfolios from one cause, in chunks that any process may take up, each item ended once."""
