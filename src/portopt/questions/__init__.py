"""The questions the world may ask, a file each."""
