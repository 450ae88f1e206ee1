"""Risk measures over scenarios, without a column a scenario."""
