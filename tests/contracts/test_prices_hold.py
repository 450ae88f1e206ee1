"""What a document says that more room under a limit is worth is what solving again with that room gains.

For every limit kind of the catalog, under objectives that count in different things. The witness solves the opened program
from nothing, by another way than the prices were found, and reads the figure off the weights by its definition.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import numpy as np
import pytest
from catalog_market import LIMITS_THAT_BIND, market

from portopt.construction import construct
from portopt.domain.problem import Problem
from portopt.domain.solution import SolveStatus
from portopt.optimization import assemble, optimize, shadow_prices, solve, solved_again
from portopt.optimization.prices.limit_steps import openings
from portopt.optimization.prices.solved_beside import held
from portopt.terms.catalog import LIMITS

OBJECTIVES: dict[str, dict[str, Any]] = {
    "most return": {"kind": "max_return"},
    "utility": {"kind": "utility", "risk_aversion": 4.0},
    "Sharpe ratio": {"kind": "max_sharpe"},
    "least volatility": {"kind": "min_risk"},
    "least CVaR": {"kind": "min_risk", "measure": "cvar"},
    "least semideviation": {"kind": "min_risk", "measure": "semideviation"},
    "tracking error": {"kind": "min_tracking_error"},
    "ratio to CVaR": {"kind": "max_ratio", "measure": "cvar"},
    "hierarchy": {"kind": "hierarchical", "variant": "hrp"},
    "goals": {"kind": "goals", "goals": {"return": {"goal": 0.3}, "risk": {"goal": 0.02}}},
}
UNITS = {
    "most return": "return",
    "utility": "return",
    "Sharpe ratio": "Sharpe ratio",
    "least volatility": "volatility",
    "least CVaR": "risk",
    "least semideviation": "risk",
    "tracking error": "tracking error",
    "ratio to CVaR": "ratio",
    "hierarchy": "distance",
    "goals": "objective",
}
# What opens in steps, or makes a portfolio a portfolio, has no price of its own.
UNPRICED = {
    "budget", "long_only", "frozen", "min_quality", "esg_exclusion",
    "max_positions", "min_positions", "min_position", "max_trades", "min_trade", "round_lots", "ucits_5_10_40",
}  # fmt: skip


def figure(name: str, p: Problem, w: np.ndarray) -> float:
    """What the objective counts in, by its definition; more is better."""
    covariance, objective = p.moments.covariance, p.objective
    if name == "least volatility":
        return -covariance.volatility(w)
    if name in ("least CVaR", "least semideviation"):
        return -objective.risk.value(w, p)
    if name == "tracking error":
        return -covariance.volatility(w - p.benchmark)
    if name == "ratio to CVaR":
        return objective.ratio(w, p)
    if name == "hierarchy":
        return -float(np.linalg.norm(w - p.target))
    value = objective.value(w, p)
    return value if objective.sense == "maximize" else -value


@cache
def priced(name: str, kind: str) -> tuple[Any, ...]:
    """(problem, form, answer, prices) of one objective under one limit; None for the pair where there is no portfolio."""
    p = construct(market(OBJECTIVES[name], LIMITS_THAT_BIND[kind]))
    form = assemble(p)
    raw = optimize(p, form=form).raw
    assert raw is not None
    if raw.status is not SolveStatus.OPTIMAL:
        return p, form, raw, ()
    return p, form, raw, solved_again(p, form, raw, shadow_prices(p, form, raw))


@pytest.mark.parametrize("kind", LIMITS)
@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_price_of_a_limit_is_what_solving_again_at_its_step_gains(name, kind):
    p, form, raw, prices = priced(name, kind)
    opening = tuple(openings(p, form, raw)) if prices else ()
    before = None if not prices else figure(name, p, raw.x[: p.n])
    for price in prices:
        assert price.solved_again
        assert price.worth_unit == UNITS[name]
        assert np.isfinite([price.worth, price.step, price.bound]).all()
        assert price.step == pytest.approx(0.1 * abs(price.bound), rel=0.05) or price.bound == 0.0
        opened = next(o for o in opening if o.is_of(price)).opened(held(form, raw.x), price.step)
        again = solve(opened)
        gained = figure(name, p, again.x[: p.n]) - before
        assert price.worth == pytest.approx(gained, rel=0.05, abs=1e-8), (price.limit, price.member)
        assert price.worth <= price.worth_per_unit * price.step * (1.0 + 1e-3) + 1e-8 or price.worth_unit.endswith("ratio")


def test_every_kind_that_can_have_a_price_has_one_under_some_objective():
    found = {price.limit for kind in LIMITS for name in ("most return", "least volatility") for price in priced(name, kind)[3]}
    assert set(LIMITS) - found <= UNPRICED
    assert not found & UNPRICED


def test_a_price_that_is_not_solved_for_is_the_most_that_the_room_can_gain():
    p, form, raw, _ = priced("utility", "max_turnover")
    bounds = shadow_prices(p, form, raw)
    told = solved_again(p, form, raw, bounds, most=0)
    assert told == bounds
    again = {(price.limit, price.member): price.worth for price in solved_again(p, form, raw, bounds)}
    for price in bounds:
        assert not price.solved_again
        assert price.worth >= again[price.limit, price.member]


def test_the_tightest_of_limits_is_priced_near_itself():
    """A tracking error of 0.15 %: at the margin a hundred times what its next percentage point is worth."""
    p = market({"kind": "utility", "risk_aversion": 4.0}, {"max_tracking_error": 0.0015})
    form = assemble(p)
    raw = optimize(p, form=form).raw
    (price,) = [
        price for price in solved_again(p, form, raw, shadow_prices(p, form, raw)) if price.limit == "max_tracking_error"
    ]
    assert price.step == pytest.approx(0.00015)
    opened = p.with_limit(dataclasses.replace(p.limit("max_tracking_error"), limit=0.00165))
    gained = p.objective.value(optimize(opened).weights, p) - p.objective.value(raw.x[: p.n], p)
    assert price.worth == pytest.approx(gained, rel=1e-3)
