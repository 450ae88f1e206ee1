"""What may be wanted."""
