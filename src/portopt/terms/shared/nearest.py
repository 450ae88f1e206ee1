"""The portfolio nearest to a constructed one: how limits are kept by what was not optimized.

    minimize  1/2 ||w - h||^2               ("weights")
              1/2 (w - h)'Sigma(w - h)      ("risk")

h is `Problem.target`. Where the limits allow h it is the answer; else this is its projection on them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.terms.shared.charges import charges
from portopt.terms.shared.risk import add_active_variance

WAYS = ("weights", "risk")
UNITS = {"weights": "squared distance", "risk": "half variance"}


def checked_way(value: Any) -> str:
    """One of WAYS. Raises InvalidValue."""
    return one_of("nearest", value, WAYS)


def one_of(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    """`value` if it is one of `allowed`. Raises InvalidValue."""
    if not isinstance(value, str) or value not in allowed:
        names = ", ".join(allowed)
        raise InvalidValue(f"objective.{name}", value, f"is none of: {names}", fix=f"use one of: {names}")
    return value


def express_nearest(program: Program, p: Problem, way: str) -> None:
    h = p.constructed()
    if way == "risk":
        add_active_variance(program, p.moments.covariance, h)
        return
    program.add_quadratic(program.weights, np.ones(p.n))
    program.add_linear(program.weights, -h)
    program.constant += 0.5 * float(h @ h)


def distance(w: Vector, p: Problem, way: str) -> float:
    """The objective's value at w, the price of soft shortfalls included.

    w: (n,) weights.
    """
    moved = w - p.constructed()
    half_square = 0.5 * (p.moments.covariance.variance(moved) if way == "risk" else float(moved @ moved))
    return half_square + charges(w, p)
