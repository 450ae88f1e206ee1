"""Methods that are more than one solve."""
