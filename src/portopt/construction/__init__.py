"""Portfolios that are constructed, not optimized: hierarchical, risk budgets, resampled.

The objective of such a problem refers to the constructed portfolio (`Problem.target`): without binding limits the answer is
that portfolio, with them the certified nearest one in the objective's own sense.
"""

from portopt.construction.catalog import CONSTRUCTIONS, construct
from portopt.construction.or_infeasible import constructed

__all__ = ["CONSTRUCTIONS", "construct", "constructed"]
