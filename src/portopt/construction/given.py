"""The portfolio somebody wants: nothing to construct but what the weights leave open."""

from __future__ import annotations

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.terms.objectives.equal_weight import EqualWeight
from portopt.terms.objectives.target_weights import TargetWeights


def given_target(problem: Problem) -> Vector:
    """(n,) the weights of a `target_weights` objective, adding to one. Raises InvalidValue for names or sums that cannot be."""
    if not isinstance(problem.objective, TargetWeights):
        raise TypeError(f"no target weights: {problem.objective.kind}")
    return problem.objective.wanted(problem)


def equal_target(problem: Problem) -> Vector:
    """(n,) the same weight for everything that may be held. Raises DataError where nothing may."""
    if not isinstance(problem.objective, EqualWeight):
        raise TypeError(f"no equal weights: {problem.objective.kind}")
    return problem.objective.wanted(problem)
