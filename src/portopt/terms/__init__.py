"""What may be wanted and what is forbidden, one file each."""
