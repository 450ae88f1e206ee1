"""Limits on lots, gains and the tax on them: what `tax.limits` of a policy may say, and what follows from its regime."""
