"""Prices as delivered, checked and made into an immutable snapshot."""
