"""Who asks: API keys and tokens to a principal, and what they may."""
