"""The watch: figures over many runs and books, rules over them, alerts. Values in, values out; runs/watch reads the store."""
