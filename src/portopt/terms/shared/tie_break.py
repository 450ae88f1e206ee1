"""Which of several books that are equally good: the one of the least tracking error, or without a benchmark of the least risk.

    + k/2 (w - b)'Sigma(w - b)         b: benchmark weights, zero without one

k is so small that it decides between equals alone: what it may cost of the objective itself is at most k/2 times the active
variance, a hundredth of a basis point at 1 % of tracking error and k = 0.01.
"""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.terms.shared.risk import add_active_variance


def express_tie_break(program: Program, p: Problem, k: float) -> None:
    add_active_variance(program, p.moments.covariance, _centre(p), k)


def tie_break(w: Vector, p: Problem, k: float) -> float:
    """Its amount at w (n,)."""
    return 0.5 * k * p.moments.covariance.variance(w - _centre(p))


def _centre(p: Problem) -> Vector:
    return np.zeros(p.n) if p.benchmark is None else p.benchmark
