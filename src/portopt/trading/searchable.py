"""Objectives that whole shares cannot be searched by, and what they are searched by instead."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from portopt.domain.arrays import Vector
from portopt.domain.problem import Objective, Problem


@runtime_checkable
class Expandable(Protocol):
    """An objective with logarithms, infinite where a position is sold out, and quadratic near its optimum."""

    def around(self, w: Vector) -> Objective:
        """The same objective to second order around the weights w, (n,)."""
        ...


def searchable(problem: Problem, w: Vector) -> Problem:
    """The problem with an objective that a linear outer approximation can surround, equal to second order at w."""
    objective = problem.objective
    return problem.replaced(objective=objective.around(w)) if isinstance(objective, Expandable) else problem
