"""Rules as data: read with line and field, tested by cases of their own, exported for Prometheus."""
