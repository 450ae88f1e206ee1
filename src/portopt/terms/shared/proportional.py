"""A cost in proportion to the value traded: what commission, linear impact and spread share."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.domain.tariff import exact
from portopt.terms.shared.checks import EVERY, listed, mapping, number
from portopt.terms.shared.members import per_asset

BPS = 1e-4
MOST_BPS = 10_000.0


def traded(w: Vector, p: Problem) -> Vector:
    """(n,) |w - w_prev|, zero for cash: moving money costs nothing."""
    z = np.abs(w - p.previous())
    z[p.universe.is_cash] = 0.0
    return z


def charge_proportional(program: Program, p: Problem, bps: float) -> None:
    """Add bps/10,000 * sum |w_i - w_prev_i| over every asset but cash, by the year, to the objective."""
    charge_rates(program, p, np.where(p.universe.is_cash, 0.0, bps * BPS))


def charge_rates(program: Program, p: Problem, rates: Vector) -> None:
    """Add sum rates_i |w_i - w_prev_i|, by the year, to the objective.  rates: (n,) fractions, zero for cash."""
    paid = np.flatnonzero(rates)
    if not len(paid) or not p.objective.charges_costs:
        return
    buys, sells = program.trade_columns(p.previous())
    yearly = rates[paid] / p.holding_period_years
    program.add_linear(buys[paid], yearly)
    program.add_linear(sells[paid], yearly)


def checked_rates(field: str, bps: object) -> float | Mapping[str, float]:
    """Basis points, one number or a map by asset id. Raises InvalidValue."""
    if not isinstance(bps, Mapping):
        return number(field, bps, low=0.0, high=MOST_BPS, example="5", counts="bps")
    given = mapping(field, bps, example='{"AAPL": 1, "*": 8}')
    return {
        name: number(f"{field}.{name}", value, low=0.0, high=MOST_BPS, example="5", counts="bps")
        for name, value in given.items()
    }


def rates_of(field: str, bps: float | Mapping[str, float], p: Problem) -> Vector:
    """(n,) fractions of the value traded, zero for cash and for what a map does not name. Raises InvalidValue."""
    values = bps if isinstance(bps, Mapping) else {EVERY: bps}
    return np.nan_to_num(per_asset(field, values, p.universe, ~p.universe.is_cash)) * BPS


def own_bps(field: str, bps: float | Mapping[str, float], p: Problem) -> tuple[Decimal, ...]:
    """(n,) the same in basis points, exactly as they were written."""
    values = bps if isinstance(bps, Mapping) else {EVERY: bps}
    rates = np.nan_to_num(per_asset(field, values, p.universe, ~p.universe.is_cash))
    return tuple(exact(rate) for rate in rates.tolist())


def rates_in_words(bps: float | Mapping[str, float]) -> str:
    """ "15 bps", or "AAPL 1, others 8 bps"."""
    if not isinstance(bps, Mapping):
        return f"{bps:g} bps"
    named = [f"{'others' if name == EVERY else name} {value:g}" for name, value in bps.items()]
    return f"{listed(named)} bps"
