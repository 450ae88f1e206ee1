"""Backtests and walk-forwards as runs: asked for, worked out in pieces, kept, ended once."""
