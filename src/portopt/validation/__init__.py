"""Diagnosis before, audit after: the second opinion."""
