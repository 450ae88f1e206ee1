"""A whole position can always be sold, whatever its price; and nothing is left of what is to go."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import numpy as np
import pytest

from portopt.audit import certify
from portopt.domain.holdings import Holdings
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.request import TradingRules
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective
from portopt.trading import make_plan

PRICES = (
    "92.3367",
    "7.3",
    "13.07",
    "148.333",
    "0.0613",
    "1021.5",
    "33.33333",
    "2.9999",
    "511.00001",
    "18.125",
    "64.2071",
    "3.3",
)
FORCED = {
    "quality": ({"min_quality": 5.0}, 2.0),
    "exclusion": ({"exclusions": ["OUT"]}, 9.0),
    "a cap of zero": ({"max_weight": {"OUT": 0.0, "*": 1.0}}, 9.0),
}


def planned(price: str, shares: int, limits: dict, quality: float, rules: TradingRules):
    """A book of OUT, which must be sold, and two others."""
    assets = [Asset("OUT", quality_score=quality), Asset("A", quality_score=8.0), Asset("B", quality_score=7.0), Asset(CASH)]
    prices = {"OUT": Decimal(price), "A": Decimal("41.17"), "B": Decimal("12.305")}
    holdings = Holdings("P1", {"OUT": Decimal(shares), "A": Decimal(700), "B": Decimal(900)}, Decimal("4000.00"))
    universe = Universe(tuple(assets))
    Sigma = np.diag([0.05, 0.06, 0.04, 0.0]) + 0.01 * (np.ones((4, 4)) - np.eye(4)) * np.outer([1, 1, 1, 0], [1, 1, 1, 0])
    problem = Problem(
        Moments(universe, np.array([0.3, 0.08, 0.07, 0.02]), Covariance(Sigma=Sigma)),
        parse_objective({"kind": "utility", "risk_aversion": 4.0}),
        parse_limits({"budget": True, "long_only": True, "max_turnover": 1.0, **limits}),
        parse_costs({"commission": {"per_trade": "1.00"}, "linear_impact": {"bps": 10}}),
        w_prev=holdings.weights(universe, prices),
        risk_free_rate=0.02,
        portfolio_value=float(holdings.value(prices)),
        prices=np.array([*(float(p) for p in prices.values()), 1.0]),
    )
    form = assemble(problem)
    validated = certify(problem, form, optimize(problem, form=form))
    return make_plan(problem, validated, holdings, prices, rules)


@pytest.mark.parametrize("fractional", [False, True], ids=["whole", "fractional"])
@pytest.mark.parametrize("forced", FORCED)
@pytest.mark.parametrize("price", PRICES)
def test_what_must_be_sold_is_sold_to_the_last_share(price, forced, fractional):
    limits, quality = FORCED[forced]
    shares = max(1, round(47_000 / float(price)))
    plan = planned(price, shares, limits, quality, TradingRules(fractional=fractional))
    line = next(line for line in plan.lines if line.asset_id == "OUT")
    assert line.shares_after == 0
    assert line.weight_after == 0.0
    assert max(reading.worst() for reading in plan.readings) <= 1e-9
    assert plan.cash_after >= 0


@pytest.mark.parametrize("shares", [1, 37, 509, 1999])
def test_an_odd_lot_that_must_go_goes_whole(shares):
    limits, quality = FORCED["exclusion"]
    plan = planned("92.3367", shares, limits, quality, TradingRules(lot_size=100))
    assert next(line for line in plan.lines if line.asset_id == "OUT").shares_after == 0


def books_of_forty():
    """Books whose prices have two to five decimals, half of whose names the optimum sells."""
    for seed in (1, 2, 3):
        rng = np.random.default_rng(seed)
        n = 40
        ids = [f"A{i:02d}" for i in range(n)]
        digits = rng.integers(1, 6, n)
        prices = {a: Decimal(str(round(float(p), int(d)))) for a, p, d in zip(ids, rng.uniform(5, 400, n), digits, strict=True)}
        shares = {a: Decimal(int(rng.uniform(5_000, 40_000) / float(prices[a]))) for a in ids}
        holdings = Holdings("forty", shares, Decimal("20000.00"))
        universe = Universe((*(Asset(a) for a in ids), Asset(CASH)))
        B = np.vstack([rng.normal(1.0, 0.3, (n, 3)) * [0.15, 0.05, 0.04], np.zeros(3)])
        covariance = Covariance(F=B, Omega=np.eye(3), D=np.append(rng.uniform(0.02, 0.1, n), 0.0))
        problem = Problem(
            Moments(universe, np.append(rng.normal(0.08, 0.05, n), 0.02), covariance),
            parse_objective({"kind": "max_sharpe"}),
            parse_limits({"budget": True, "long_only": True, "max_weight": 0.15}),
            parse_costs({"linear_impact": {"bps": 5}}),
            w_prev=holdings.weights(universe, prices),
            risk_free_rate=0.02,
            portfolio_value=float(holdings.value(prices)),
            prices=np.array([*(float(p) for p in prices.values()), 1.0]),
        )
        yield problem, holdings, prices


@pytest.mark.parametrize("which", range(3))
def test_no_share_or_two_is_left_of_what_the_optimum_sells_whole(which):
    problem, holdings, prices = list(books_of_forty())[which]
    form = assemble(problem)
    validated = certify(problem, form, optimize(problem, form=form))
    sold = {a for a, w in zip(problem.universe.ids, validated.weights, strict=True) if w == 0.0 and a in holdings.shares}
    assert len(sold) >= 10
    plan = make_plan(problem, validated, holdings, prices, dataclasses.replace(TradingRules(), min_trade_value=0.0))
    left = {line.asset_id: line.shares_after for line in plan.lines if line.asset_id in sold and line.shares_after != 0}
    assert not {a: n for a, n in left.items() if n <= 2}
