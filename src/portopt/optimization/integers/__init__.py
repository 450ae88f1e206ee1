"""Whole numbers and yes-or-no columns."""
