"""What the limits leave to single assets, before anything is constructed."""

from __future__ import annotations

import numpy as np

from portopt.audit.reach import implied_box
from portopt.domain.arrays import Mask, Vector
from portopt.domain.problem import Problem
from portopt.domain.program import Program

NOTHING = 1e-9


def weight_reach(problem: Problem) -> tuple[Vector, Vector]:
    """(n,), (n,) the least and the most weight of each asset, as far as bounds and single rows of the limits say."""
    program = Program(problem.n)
    for limit in problem.limits:
        limit.express(program, problem)
    lower, upper = implied_box(program.freeze())
    return lower[: problem.n], upper[: problem.n]


def may_be_held(problem: Problem, upper: Vector) -> Mask:
    """(n,) assets other than cash that the limits allow a weight above zero."""
    return np.asarray((upper > NOTHING) & ~problem.universe.is_cash)


def invested_share(problem: Problem, lower: Vector, upper: Vector, wanted: float = 1.0) -> float:
    """The share of the portfolio nearest to `wanted` that can be in risky assets; the rest is cash (below zero: borrowed).

    lower, upper: (n,) sides of the weights.
    """
    at = problem.universe.cash_position
    if at is None:
        return 1.0
    leverage = problem.limit("leverage_limit")
    most = np.inf if leverage is None or leverage.soft else float(leverage.read(np.zeros(problem.n), problem).upper[0])
    return float(min(np.clip(wanted, 1.0 - upper[at], 1.0 - lower[at]), most))
