"""Which objectives need a portfolio to be constructed first, and by what."""

from __future__ import annotations

from collections.abc import Callable

from portopt.construction.best_ratio import best_ratio_target
from portopt.construction.factor_budgets import factor_budget_target
from portopt.construction.hierarchy import hierarchical_target
from portopt.construction.multi_period import first_step
from portopt.construction.resampling import resampled_target
from portopt.construction.risk_parity import risk_parity_target
from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem

# By the objective's kind: a problem without target -> (n,) weights of the constructed portfolio.
CONSTRUCTIONS: dict[str, Callable[[Problem], Vector]] = {
    "multi_period": first_step,
    "risk_parity": risk_parity_target,
    "hierarchical": hierarchical_target,
    "factor_risk_budget": factor_budget_target,
    "resampled": resampled_target,
    "max_ratio": best_ratio_target,
}


def construct(problem: Problem) -> Problem:
    """The same problem with its target, where its objective refers to one; otherwise the problem as it is."""
    make = CONSTRUCTIONS.get(problem.objective.kind)
    return problem if make is None else problem.replaced(target=make(problem))
