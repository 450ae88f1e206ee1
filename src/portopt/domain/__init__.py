"""Values: what travels. Imports nothing above it."""
