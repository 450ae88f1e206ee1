"""Drawings along time: lines, layers, strips, needles, fans; each once for wide pages and once for phones."""
