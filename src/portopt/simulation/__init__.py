"""Through time: the pipeline's decisions, day after day, on an exact ledger."""
