"""The quadratic program of one day from that of the day before: one dense table, moved along."""
