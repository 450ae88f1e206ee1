"""A cost in proportion to the value traded: what commission and linear impact share."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import Program


def traded(w: Vector, p: Problem) -> Vector:
    """(n,) |w - w_prev|, zero for cash: moving money costs nothing."""
    z = np.abs(w - p.previous())
    z[p.universe.is_cash] = 0.0
    return z


def charge_proportional(program: Program, p: Problem, bps: float) -> None:
    """Add bps/10,000 * sum |w_i - w_prev_i| over every asset but cash, by the year, to the objective."""
    if bps == 0.0 or not p.objective.charges_costs:
        return
    buys, sells = program.trade_columns(p.previous())
    paid = ~p.universe.is_cash
    rate = bps * 1e-4 / p.holding_period_years
    program.add_linear(buys[paid], rate)
    program.add_linear(sells[paid], rate)
