"""Flows: chains of tasks, async functions and nothing else."""
