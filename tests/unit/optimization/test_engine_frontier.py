"""The frontier: least risk for every return, under the request's own limits."""

import cvxpy as cp
import numpy as np
import pytest

from portopt.domain.errors import InfeasibleRequest, InvalidValue
from portopt.optimization import assemble, efficient_frontier, optimize
from portopt.optimization.frontier import frontier

LIMITS = {"budget": True, "long_only": True, "max_weight": 0.3, "sector_limits": 0.5, "max_turnover": 0.6}


@pytest.mark.parametrize("factor_form", [False, True], ids=["dense", "factors"])
def test_every_point_has_the_least_risk_for_its_return(market, factor_form):
    p = market(71, 15, limits=LIMITS, factor_form=factor_form, risk_free_rate=0.02)
    frontier = efficient_frontier(p, 8)
    w, floor = cp.Variable(15), cp.Parameter()
    L = np.linalg.cholesky(p.moments.Sigma)
    rows = [cp.sum(w) == 1, w >= 0, w <= 0.3, cp.norm1(w - p.w_prev) <= 1.2, p.moments.mu @ w >= floor]
    rows += [cp.sum(w[members]) <= 0.5 for members in p.universe.groups("sector").values()]
    program = cp.Problem(cp.Minimize(cp.sum_squares(L.T @ w)), rows)
    for point in frontier.points[:-1]:
        floor.value = point.expected_return
        program.solve(solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
        assert point.volatility == pytest.approx(np.sqrt(program.value), abs=1e-7)


def test_two_assets_trace_the_hyperbola(market):
    Sigma, mu = np.array([[0.04, 0.006], [0.006, 0.09]]), np.array([0.05, 0.11])
    frontier = efficient_frontier(market(mu=mu, Sigma=Sigma), 11)
    for point in frontier.points:
        second = (point.expected_return - 0.05) / 0.06
        w = np.array([1 - second, second])
        assert point.weights == pytest.approx(w, abs=1e-12)
        assert point.volatility == pytest.approx(np.sqrt(w @ Sigma @ w), abs=1e-14)
    assert frontier.max_return.weights.tolist() == [0.0, 1.0]


def test_the_ends_are_the_least_risk_and_the_most_return(market):
    p = market(72, 12, limits=LIMITS)
    frontier = efficient_frontier(p, 10)
    assert frontier.min_risk.weights == pytest.approx(optimize(p).weights, abs=1e-12)
    best = optimize(market(72, 12, limits=LIMITS, objective="max_return"))
    assert frontier.max_return.expected_return == pytest.approx(p.moments.mu @ best.weights, abs=1e-12)
    returns = np.array([point.expected_return for point in frontier.points])
    assert np.diff(returns) == pytest.approx(np.full(9, (returns[-1] - returns[0]) / 9), abs=1e-12)
    assert np.all(np.diff([point.volatility for point in frontier.points]) > 0)


def test_the_optimal_portfolio_never_lies_under_the_frontier(market):
    p = market(73, 12, limits=LIMITS, risk_free_rate=0.03)
    frontier = efficient_frontier(p, 25)
    assert all(frontier.optimal.sharpe_ratio >= point.sharpe_ratio for point in frontier.points)
    sharpe = optimize(market(73, 12, limits=LIMITS, risk_free_rate=0.03, objective="max_sharpe"))
    assert frontier.optimal.weights == pytest.approx(sharpe.weights, abs=1e-11)
    assert frontier.current.weights == pytest.approx(p.w_prev)
    assert frontier.target is None


def test_ends_can_be_cut_off(market):
    p = market(74, 12, limits={"budget": True, "long_only": True, "max_weight": 0.5}, risk_free_rate=0.02)
    whole = efficient_frontier(p, 5)
    low = whole.min_risk.expected_return + 0.01
    high = 0.5 * (whole.min_risk.volatility + whole.max_return.volatility)
    cut = efficient_frontier(p, 5, min_return=low, max_risk=high)
    assert cut.points[0].expected_return == pytest.approx(low, abs=1e-12)
    assert cut.points[-1].volatility == pytest.approx(high, abs=1e-9)
    assert cut.optimal.volatility <= high + 1e-12


def test_ends_that_leave_nothing_say_what_is_possible(market):
    p = market(74, 12, limits={"budget": True, "long_only": True})
    whole = efficient_frontier(p, 2)
    with pytest.raises(InvalidValue, match=f"{whole.min_risk.volatility:.6f}"):
        efficient_frontier(p, 5, max_risk=whole.min_risk.volatility * 0.9)
    with pytest.raises(InvalidValue, match=f"{whole.max_return.expected_return:.6f}"):
        efficient_frontier(p, 5, min_return=whole.max_return.expected_return + 0.01)
    with pytest.raises(InvalidValue, match="two ends"):
        efficient_frontier(p, 1)


def test_limits_that_cannot_hold_are_an_infeasible_request(market):
    with pytest.raises(InfeasibleRequest):
        efficient_frontier(market(75, 5, limits={"budget": True, "long_only": True, "max_weight": 0.1}))


def test_one_asset_is_a_frontier_of_one_portfolio(market):
    frontier = efficient_frontier(market(76, 1, mu=[0.05]), 4)
    assert [point.weights.tolist() for point in frontier.points] == [[1.0]] * 4


def test_a_market_below_the_risk_free_rate_still_has_a_frontier(market):
    p = market(mu=[0.01, 0.02, 0.015], Sigma=np.diag([0.02, 0.05, 0.03]), risk_free_rate=0.05)
    frontier = efficient_frontier(p, 6)
    assert frontier.optimal.sharpe_ratio < 0
    assert all(frontier.optimal.sharpe_ratio >= point.sharpe_ratio for point in frontier.points)


CURVED = {**LIMITS, "max_tracking_error": 0.06}


def test_a_frontier_too_large_to_sweep_is_refused_before_its_form_is_written(market, monkeypatch):
    p = market(75, 15, objective="max_sharpe", limits=CURVED, risk_free_rate=0.02)
    with pytest.raises(frontier.TooManyToSweep, match="15 assets are too many"):
        frontier.affordable_frontier(p, 5, 0)
    monkeypatch.setattr(frontier, "frontier_form", lambda *_: pytest.fail("written all the same"))
    with pytest.raises(frontier.TooManyToSweep, match="15 assets are too many"):
        frontier.affordable_frontier(p, 5, 0, assemble(p))


@pytest.mark.parametrize("limits", [LIMITS, {**LIMITS, "max_positions": 8}], ids=["linear", "in whole numbers"])
def test_what_can_be_walked_is_drawn_whatever_the_solved_form_tells(market, limits):
    p = market(75, 15, objective="max_sharpe", limits=limits, risk_free_rate=0.02)
    alone, told = frontier.affordable_frontier(p, 5, 0), frontier.affordable_frontier(p, 5, 0, assemble(p))
    assert [point.volatility for point in told.points] == [point.volatility for point in alone.points]
    assert told.without == alone.without
