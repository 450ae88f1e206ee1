"""A proposal as one document: what every report, export and replay is made of."""
