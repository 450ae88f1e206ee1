"""Taxes on realized gains as rules of data: regimes, holding periods, netting, wash sales."""
