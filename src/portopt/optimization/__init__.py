"""Problem to solution. What is asked after an answer is imported when it is asked."""

from typing import TYPE_CHECKING

from portopt.domain.postponed import at_first_use
from portopt.optimization.assemble import assemble
from portopt.optimization.convex import solve_convex
from portopt.optimization.engine import optimize, solve, solve_quickly

if TYPE_CHECKING:
    from portopt.optimization.frontier.frontier import affordable_frontier, efficient_frontier
    from portopt.optimization.prices.derivatives import sensitivities
    from portopt.optimization.prices.shadow_prices import shadow_prices, solved_again

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

__getattr__ = at_first_use(
    __name__,
    {
        "affordable_frontier": "portopt.optimization.frontier.frontier",
        "efficient_frontier": "portopt.optimization.frontier.frontier",
        "sensitivities": "portopt.optimization.prices.derivatives",
        "shadow_prices": "portopt.optimization.prices.shadow_prices",
        "solved_again": "portopt.optimization.prices.shadow_prices",
    },
)
