"""Who asks: an API key, a token of an issuer, or whoever is on this machine where nothing else is configured."""
