"""What must hold for the plan of any book, whatever is asked."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from portopt.audit import audit, certify
from portopt.domain.holdings import Holdings
from portopt.domain.moments import Covariance, Moments
from portopt.domain.plan import RebalancePlan
from portopt.domain.problem import Problem
from portopt.domain.request import TradingRules
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective
from portopt.trading import NotRoundable, make_plan

OBJECTIVES = (
    {"kind": "utility", "risk_aversion": 4.0},
    {"kind": "max_sharpe"},
    {"kind": "min_risk"},
    {"kind": "min_tracking_error", "risk_aversion": 5.0},
    {"kind": "max_return"},
)
COSTS = (
    {},
    {"commission": {"per_trade": "5.00"}, "linear_impact": {"bps": 15}},
    {"commission": {"per_trade": "0.99", "bps": 1.5}},
    {"commission": {"per_trade": "3.00"}, "square_root_impact": {"coefficient": 1.0}},
)


@dataclass(frozen=True)
class Asked:
    problem: Problem
    holdings: Holdings
    prices: dict[str, Decimal]
    rules: TradingRules
    plan: RebalancePlan


@st.composite
def plans(draw) -> Asked:
    """A certified answer on two to five assets and cash, with limits that press, and its plan."""
    n = draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    ids = [f"A{i}" for i in range(n)]
    digits = draw(st.sampled_from([2, 4]))
    prices = {a: Decimal(str(round(float(np.exp(rng.uniform(2.0, 6.0))), digits))) for a in ids}
    value = draw(st.sampled_from([8_000, 60_000, 2_000_000]))
    held = rng.dirichlet(np.ones(n)) * rng.uniform(0.5, 0.97) * (rng.random(n) < 0.8)
    whole = draw(st.booleans())
    shares = {a: Decimal(str(round(w * value / float(prices[a]), 0 if whole else 3))) for a, w in zip(ids, held, strict=True)}
    cash = Decimal(str(round(value * max(1.0 - held.sum(), 0.02), 2)))
    holdings = Holdings("P1", {a: s for a, s in shares.items() if s}, cash)
    universe = Universe((*(Asset(a, sector=f"S{i % 2}") for i, a in enumerate(ids)), Asset(CASH)))
    limits: dict[str, object] = {"budget": True, "long_only": True, "max_weight": draw(st.sampled_from([0.5, 0.7, 1.0]))}
    for name, values in (
        ("max_turnover", (0.1, 0.5)),
        ("sector_limits", (0.7,)),
        ("cash", ({"max": 0.3}, {"min": 0.02})),
        ("max_volatility", (0.15,)),
        ("max_tracking_error", (0.06,)),
    ):
        if draw(st.integers(0, 3)) == 0:
            limits[name] = draw(st.sampled_from(values))
    returns = rng.normal(0.0, 0.05, (4 * n, n))
    Sigma = np.zeros((n + 1, n + 1))
    Sigma[:n, :n] = returns.T @ returns / (4 * n) * 12 + 1e-3 * np.eye(n)
    problem = Problem(
        Moments(universe, np.append(rng.uniform(0.03, 0.15, n), 0.02), Covariance(Sigma=Sigma)),
        parse_objective(draw(st.sampled_from(OBJECTIVES))),
        parse_limits(limits),
        parse_costs(draw(st.sampled_from(COSTS))),
        w_prev=holdings.weights(universe, prices),
        benchmark=np.append(rng.dirichlet(np.ones(n)), 0.0),
        risk_free_rate=0.02,
        portfolio_value=float(holdings.value(prices)),
        average_daily_value=np.append(rng.uniform(1e6, 1e7, n), np.inf),
        prices=np.array([*(float(p) for p in prices.values()), 1.0]),
    )
    form = assemble(problem)
    solution = optimize(problem, form=form)
    assume(solution.is_optimal and audit(problem, form, solution).certified)
    rules = TradingRules(
        fractional=draw(st.sampled_from([False, False, True])),
        lot_size=draw(st.sampled_from([1, 1, 5])),
        min_trade_value=draw(st.sampled_from([0.0, 100.0])),
    )
    try:
        plan = make_plan(problem, certify(problem, form, solution), holdings, prices, rules)
    except NotRoundable:
        reject()  # coarse lots, or a fee out of no cash, can leave nothing; what is said then is tested in unit/trading
    return Asked(problem, holdings, prices, rules, plan)


quickly = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@given(asked=plans())
@quickly
def test_every_plan_keeps_every_limit_and_every_cent_its_value_and_its_gap(asked):
    """One plan is held against all three: to make it takes far longer than to look at it."""
    keeps_every_limit_and_every_cent(asked)
    conserves_value_and_its_weights_are_the_shares(asked)
    has_a_gap_that_is_closed_where_it_is_called_closed_and_never_beats_the_continuous_optimum(asked)


def keeps_every_limit_and_every_cent(asked: Asked) -> None:
    plan, rules = asked.plan, asked.rules
    assert max(reading.worst() for reading in plan.readings) <= 1e-9 or plan.notes

    assert plan.cash_after >= 0
    assert plan.cash_after == plan.cash_before + plan.sells_value - plan.buys_value - plan.total_cost
    assert plan.commission_total == sum(t.commission for t in plan.trades)
    assert plan.impact_total == sum(t.impact for t in plan.trades)
    assert all(t.value == t.value.quantize(Decimal("0.01")) for t in plan.trades)

    sides = [t.side for t in plan.trades]
    assert sides == sorted(sides, reverse=True)
    for trade in plan.trades:
        held = asked.holdings.shares.get(trade.asset_id, Decimal(0))
        closes = trade.side == "sell" and trade.shares == held
        assert closes or trade.value >= Decimal(str(rules.min_trade_value))
        assert closes or rules.fractional or trade.shares % rules.lot_size == 0
        assert trade.side == "buy" or trade.shares <= held


def conserves_value_and_its_weights_are_the_shares(asked: Asked) -> None:
    plan = asked.plan
    after = {line.asset_id: line.shares_after for line in plan.lines if line.asset_id != CASH}
    # Positions are rounded to the cent one by one, so a partly sold one may differ from its parts by a cent.
    value = Holdings("P1", after, plan.cash_after).value(asked.prices)
    assert abs(value - (plan.value - plan.total_cost)) <= Decimal("0.01") * len(plan.trades)
    w = np.array([line.weight_after for line in plan.lines])
    assert abs(w.sum() - 1.0) <= 1e-12
    counted = np.array([float(after[a] * asked.prices[a] / plan.value) for a in asked.problem.universe.ids if a != CASH])
    assert np.abs(counted - w[:-1]).max() <= 0.011 / float(plan.value)


def has_a_gap_that_is_closed_where_it_is_called_closed_and_never_beats_the_continuous_optimum(asked: Asked) -> None:
    plan = asked.plan
    assert plan.mip_gap >= 0.0
    assert plan.rounding == "mip_open" or plan.mip_gap <= asked.rules.mip_relative_gap or asked.rules.fractional
    assert plan.rounding_gap >= -1e-9 or plan.notes
