"""The watch over the store: measured, evaluated, told."""
