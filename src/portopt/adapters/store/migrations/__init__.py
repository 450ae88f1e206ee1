"""The schema's history, run by adapters/store/migrate.py."""
