"""Whole-share plans keep the limits that count positions and trades, on the sample book."""

from __future__ import annotations

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
from portopt.trading.costs import fees_of

N = 12


def case(limits, costs=None):
    rng = np.random.default_rng(11)
    ids = [f"S{i:02d}" for i in range(N)]
    prices = {a: Decimal(str(round(float(v), 2))) for a, v in zip(ids, rng.uniform(20, 300, N), strict=True)}
    shares = {a: Decimal(int(v)) for a, v in zip(ids, rng.integers(0, 400, N), strict=True)}
    holdings = Holdings("counted", shares, Decimal("25000.00"))
    assets = tuple(Asset(a, sector="AB"[i % 2]) for i, a in enumerate(ids))
    universe = Universe((*assets, Asset(CASH)))
    F, D = rng.normal(size=(N, 2)) * 0.12, rng.uniform(0.02, 0.06, N)
    Sigma = np.zeros((N + 1, N + 1))
    Sigma[:N, :N] = F @ F.T + np.diag(D)
    problem = Problem(
        Moments(universe, np.append(rng.uniform(0.03, 0.12, N), 0.02), Covariance(Sigma=Sigma)),
        parse_objective({"kind": "utility", "risk_aversion": 4.0}),
        parse_limits({"budget": True, "long_only": True, **limits}),
        parse_costs(costs or {"linear_impact": {"bps": 10}}),
        w_prev=holdings.weights(universe, prices),
        portfolio_value=float(holdings.value(prices)),
        average_daily_value=np.append(rng.uniform(1e6, 1e8, N), np.inf),
        prices=np.array([*(float(prices[a]) for a in ids), 1.0]),
    )
    return problem, holdings, prices


@pytest.mark.parametrize(
    "limits",
    [
        {"max_positions": 5},
        {"max_positions": {"sector": {"A": 2}}},
        {"min_position": 0.04},
        {"max_trades": 4},
        {"min_trade": 0.03},
        {"ucits_5_10_40": True, "max_positions": 12},
        {"max_positions": 6, "min_position": 0.05, "max_weight": 0.3, "max_turnover": 0.6},
        {"liquidity": {"participation": 0.1, "days": 1}, "concentration": {"hhi": 0.2}, "top_k": {"k": 3, "weight": 0.5}},
        {"max_cost": 0.0004},
        {"exclusions": ["S01", "S02"]},
    ],
    ids=lambda limits: "+".join(limits),
)
def test_a_plan_in_whole_shares_keeps_every_limit_of_its_certified_weights(limits):
    problem, holdings, prices = case(limits)
    form = assemble(problem)
    validated = certify(problem, form, optimize(problem, form=form))
    plan = make_plan(problem, validated, holdings, prices, TradingRules())
    for reading in plan.readings:
        assert reading.worst() <= 1e-9, reading.limit
    after = np.array([line.weight_after for line in plan.lines])
    for limit in problem.limits:
        assert limit.read(after, problem).worst() <= 1e-7
    assert plan.cash_after >= 0


def test_the_money_an_order_costs_agrees_with_spread_quadratic_impact_and_rates_by_asset():
    costs = {"spread": {"bps": {"S00": 1, "*": 8}}, "linear_impact": {"bps": {"S01": 20, "*": 5}}, "quadratic_impact": {}}
    problem, _, _ = case({}, costs)
    w = problem.w_prev.copy()
    w[:4] += [0.02, -0.01, 0.015, -0.02]
    value = problem.portfolio_value
    traded = np.abs(w - problem.w_prev) * value
    money = sum(sum(fees_of(problem).of(Decimal(str(round(float(v), 6))), i)) for i, v in enumerate(traded[:N]))
    assert float(money) == pytest.approx(sum(c.value(w, problem) for c in problem.costs) * value, abs=0.01 * 8)
