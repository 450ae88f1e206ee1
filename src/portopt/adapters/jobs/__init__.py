"""How runs are scheduled elsewhere."""
