"""Cones with little or no room beside the linear limits."""
