"""Snapshot to moments."""
