"""Problem to solution."""

from portopt.optimization.assemble import assemble
from portopt.optimization.engine import optimize, solve

__all__ = ["assemble", "optimize", "solve"]
