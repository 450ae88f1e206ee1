"""What is asked and what is answered, operation by operation, as JSON Schema. Read by openapi.py."""
