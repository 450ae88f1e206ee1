"""The efficient frontier: exact for variance, swept for other measures."""
