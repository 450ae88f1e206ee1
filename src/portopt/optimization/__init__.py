"""Problem to solution."""

from portopt.optimization.assemble import assemble
from portopt.optimization.convex import solve_convex
from portopt.optimization.derivatives import sensitivities
from portopt.optimization.engine import optimize, solve, solve_quickly
from portopt.optimization.frontier import affordable_frontier, efficient_frontier
from portopt.optimization.sensitivity import shadow_prices, solved_again

__all__ = [
    "affordable_frontier",
    "assemble",
    "efficient_frontier",
    "optimize",
    "sensitivities",
    "shadow_prices",
    "solve",
    "solve_convex",
    "solve_quickly",
    "solved_again",
]
