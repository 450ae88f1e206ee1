"""Where events go: a local log, or a Pulsar broker. Only the relay delivers."""
