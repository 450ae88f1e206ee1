"""Processes that run until they are told to end: the API, the runners of jobs, and everything at once on one machine."""
