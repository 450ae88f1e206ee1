"""Which objectives need a portfolio to be constructed first, and by what.

Each is imported when a problem asks for it: most ask for none, and a first answer has no time for the others. Those that
optimize other objectives on the way, which may refer to constructions of their own, are handed `construct`.
"""

from __future__ import annotations

from collections.abc import Callable

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem


def _multi_period(problem: Problem) -> Vector:
    from portopt.construction.multi_period import first_step

    return first_step(problem)


def _risk_parity(problem: Problem) -> Vector:
    from portopt.construction.risk_parity import risk_parity_target

    return risk_parity_target(problem)


def _hierarchical(problem: Problem) -> Vector:
    from portopt.construction.hierarchy import hierarchical_target

    return hierarchical_target(problem, construct)


def _factor_risk_budget(problem: Problem) -> Vector:
    from portopt.construction.factor_budgets import factor_budget_target

    return factor_budget_target(problem)


def _resampled(problem: Problem) -> Vector:
    from portopt.construction.resampling import resampled_target

    return resampled_target(problem, construct)


def _max_ratio(problem: Problem) -> Vector:
    from portopt.construction.best_ratio import best_ratio_target

    return best_ratio_target(problem)


def _target_weights(problem: Problem) -> Vector:
    from portopt.construction.given import given_target

    return given_target(problem)


def _equal_weight(problem: Problem) -> Vector:
    from portopt.construction.given import equal_target

    return equal_target(problem)


# By the objective's kind: a problem without target -> (n,) weights of the constructed portfolio.
CONSTRUCTIONS: dict[str, Callable[[Problem], Vector]] = {
    "multi_period": _multi_period,
    "risk_parity": _risk_parity,
    "hierarchical": _hierarchical,
    "factor_risk_budget": _factor_risk_budget,
    "resampled": _resampled,
    "max_ratio": _max_ratio,
    "target_weights": _target_weights,
    "equal_weight": _equal_weight,
}


def construct(problem: Problem) -> Problem:
    """The same problem with its target, where its objective refers to one; otherwise the problem as it is."""
    make = CONSTRUCTIONS.get(problem.objective.kind)
    return problem if make is None else problem.replaced(target=make(problem))
