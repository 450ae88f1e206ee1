"""Our own interior point, for what portfolio programs look like."""
