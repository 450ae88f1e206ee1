"""Costs and objectives, against the documents' figures and closed forms."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from scipy.optimize import minimize

from portopt.domain.errors import DataError, MissingInput
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.domain.universe import CASH, Universe
from portopt.terms.catalog import parse_costs, parse_objective

VALUE = 70_580.0  # the golden portfolio of S4


def problem(objective: dict, costs: dict | None = None, **changes) -> Problem:
    mu = np.array([0.10, 0.06, 0.02])
    Sigma = np.array([[0.04, 0.006, 0.0], [0.006, 0.0225, 0.0], [0.0, 0.0, 0.0]])
    p = Problem(
        moments=Moments(Universe.of(["AAPL", "JNJ", CASH]), mu, Covariance(Sigma=Sigma)),
        objective=parse_objective(objective),
        limits=(),
        costs=parse_costs(costs or {}),
        w_prev=np.array([23_250.0, 47_330.0, 0.0]) / VALUE,
        benchmark=np.array([0.5, 0.5, 0.0]),
        risk_free_rate=0.02,
        portfolio_value=VALUE,
        average_daily_value=np.array([1e6, 4e6, np.nan]),
    )
    return p.replaced(**changes)


def sold_all_aapl(p: Problem) -> np.ndarray:
    return p.previous() + p.previous()[0] * np.array([-1.0, 0.0, 1.0])


def test_selling_100_aapl_at_232_50_costs_39_88_as_the_policy_document_says():
    p = problem({"kind": "max_return"}, {"commission": {"per_trade": "5.00"}, "linear_impact": {"bps": 15}})
    total = sum(cost.value(sold_all_aapl(p), p) for cost in p.costs) * VALUE
    assert total == pytest.approx(39.875)
    assert round(Decimal(repr(total)), 2) == Decimal("39.88")


def test_a_flat_fee_counts_trades_and_not_the_movement_of_cash():
    p = problem({"kind": "max_return"}, {"commission": {"per_trade": 7}})
    (fee,) = p.costs
    assert fee.value(sold_all_aapl(p), p) * VALUE == pytest.approx(7.0)
    assert fee.value(np.array([0.5, 0.5, 0.0]), p) * VALUE == pytest.approx(14.0)
    assert fee.value(p.previous(), p) == 0.0
    assert fee.convex_value(sold_all_aapl(p), p) == 0.0


def test_a_flat_fee_needs_to_know_how_much_money_the_portfolio_is():
    p = problem({"kind": "max_return"}, {"commission": {"per_trade": 7}}, portfolio_value=None)
    with pytest.raises(MissingInput) as refused:
        p.costs[0].value(p.previous(), p)
    assert refused.value.field == "portfolio_value"


def test_trading_a_whole_days_volume_costs_about_a_days_volatility_by_the_square_root_law():
    # Grinold and Kahn's rule of thumb: AAPL at 20 % a year moves 20 % / sqrt(252) = 1.26 % a day.
    p = problem({"kind": "max_return"}, {"square_root_impact": {}}, average_daily_value=np.array([23_250.0, 1e6, 0.0]))
    paid = p.costs[0].value(sold_all_aapl(p), p) * VALUE
    assert paid / 23_250.0 == pytest.approx(0.20 / math.sqrt(252))


def test_a_trade_four_times_as_large_costs_eight_times_as_much_by_the_square_root_law():
    p = problem({"kind": "max_return"}, {"square_root_impact": {"coefficient": 0.7}})
    (cost,), move = p.costs, np.array([0.02, 0.0, -0.02])
    assert cost.value(p.previous() + 4 * move, p) == pytest.approx(8 * cost.value(p.previous() + move, p))


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"portfolio_value": None}, MissingInput, "portfolio_value"),
        ({"average_daily_value": None}, MissingInput, "average_daily_value"),
        ({"average_daily_value": np.array([np.nan, 1e6, np.nan])}, DataError, "average_daily_value"),
        ({"average_daily_value": np.array([0.0, 1e6, np.nan])}, DataError, "average_daily_value"),
    ],
)
def test_the_square_root_law_names_what_it_lacks(changes, error, field):
    p = problem({"kind": "max_return"}, {"square_root_impact": {}}, **changes)
    with pytest.raises(error) as refused:
        p.costs[0].express(Program(p.n), p)
    assert refused.value.field == field
    if error is DataError:
        assert refused.value.value == ["AAPL"]


def test_costs_paid_once_weigh_half_as_much_on_a_return_earned_for_two_years():
    costs = {"linear_impact": {"bps": 100}}
    one, two = (problem({"kind": "max_return"}, costs, holding_period_years=h) for h in (1.0, 2.0))
    w = sold_all_aapl(one)
    gross = float(one.moments.mu @ w)
    assert gross - one.objective.value(w, one) == pytest.approx(2 * (gross - two.objective.value(w, two)))


def test_without_a_risk_aversion_the_lowest_risk_is_not_traded_against_costs():
    costs = {"linear_impact": {"bps": 100}}
    for kind in ("min_risk", "min_tracking_error"):
        p = problem({"kind": kind}, costs)
        w = sold_all_aapl(p)
        assert p.objective.value(w, p) == problem({"kind": kind}).objective.value(w, p)
        q = problem({"kind": kind, "risk_aversion": 1.0}, costs)
        assert q.objective.value(w, q) == pytest.approx(p.objective.value(w, p) + q.costs[0].value(w, q))


def test_the_sharpe_ratio_peaks_at_the_tangency_portfolio():
    # Closed form: w proportional to inverse(Sigma) (mu - rf), over the risky assets.
    p = problem({"kind": "max_sharpe"})
    raw = np.linalg.solve(p.moments.Sigma[:2, :2], p.moments.mu[:2] - 0.02)
    tangency = np.append(raw / raw.sum(), 0.0)
    best = minimize(lambda a: -p.objective.value(np.array([a[0], 1 - a[0], 0.0]), p), [0.3], tol=1e-12)
    assert best.x[0] == pytest.approx(tangency[0], abs=1e-5)
    expected = math.sqrt(raw @ (p.moments.mu[:2] - 0.02))  # the largest ratio is sqrt(excess' inverse(Sigma) excess)
    assert p.objective.value(tangency, p) == pytest.approx(expected)


def test_cash_at_the_risk_free_rate_leaves_the_sharpe_ratio_unchanged():
    p = problem({"kind": "max_sharpe"})
    assert p.objective.value(np.array([0.3, 0.3, 0.4]), p) == pytest.approx(p.objective.value(np.array([0.5, 0.5, 0.0]), p))


def test_without_risk_there_is_no_sharpe_ratio_to_speak_of():
    p = problem({"kind": "max_sharpe"}, risk_free_rate=0.01)
    assert p.objective.value(np.array([0.0, 0.0, 1.0]), p) == math.inf
    p = problem({"kind": "max_sharpe"}, risk_free_rate=0.03)
    assert p.objective.value(np.array([0.0, 0.0, 1.0]), p) == -math.inf


def test_utility_is_return_less_half_gamma_times_variance():
    p = problem({"kind": "utility", "risk_aversion": 4.0})
    # All in AAPL: 10 % - 4/2 x 20 %^2 = 2 %.
    assert p.objective.value(np.array([1.0, 0.0, 0.0]), p) == pytest.approx(0.02)


def test_the_benchmark_itself_has_no_tracking_error():
    p = problem({"kind": "min_tracking_error"})
    assert p.objective.value(np.array([0.5, 0.5, 0.0]), p) == 0.0


def test_two_costs_on_what_is_traded_share_one_set_of_buys_and_sells():
    p = problem({"kind": "utility", "risk_aversion": 4.0}, {"linear_impact": {"bps": 15}, "commission": {"bps": 2}})
    program = Program(p.n)
    for cost in p.costs:
        cost.express(program, p)
    form = program.freeze()
    assert form.n_columns == 3 * p.n
    np.testing.assert_allclose(form.q[p.n :], [0.0017, 0.0017, 0.0] * 2)
