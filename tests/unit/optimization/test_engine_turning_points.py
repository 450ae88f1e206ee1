"""The exact frontier: its turning points against other solvers, the sweep, and what must hold along every segment."""

import dataclasses

import cvxpy as cp
import numpy as np
import pytest

from portopt.domain.errors import InvalidValue
from portopt.optimization import efficient_frontier, solve
from portopt.optimization.frontier import frontier as sweeping
from portopt.optimization.frontier.basis import Basis
from portopt.optimization.frontier.frontier import frontier_form
from portopt.optimization.frontier.turning_points import corners
from portopt.optimization.scaling.presolve import scaled

LINEAR = {"budget": True, "long_only": True, "max_weight": 0.25, "sector_limits": 0.5}
EVERY_KIND = {
    "box": {"budget": True, "long_only": True, "max_weight": 0.2},
    "sectors": LINEAR,
    "turnover": {**LINEAR, "max_turnover": 0.4},
    "floors and classes": {
        "budget": True,
        "long_only": True,
        "min_weight": 0.01,
        "asset_class_limits": {"class 0": [0.3, 0.6]},
    },
    "short and leveraged": {"budget": True, "min_weight": -0.2, "max_weight": 0.4, "leverage_limit": 1.5},
    "cash": {"budget": True, "long_only": True, "max_weight": 0.3, "cash": {"min": 0.02, "max": 0.2}},
}


def _at_price(form, mu, price):
    q = np.zeros(form.n_columns)
    q[: len(mu)] = -price * mu
    return solve(dataclasses.replace(form, q=q))


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("factor_form", [False, True], ids=["dense", "factors"])
def test_between_two_turning_points_weights_are_linear_in_the_price_of_return(market, kind, factor_form):
    p = market(171, 24, limits=EVERY_KIND[kind], factor_form=factor_form, cash=kind == "cash", risk_free_rate=0.02)
    form, mu = frontier_form(p), p.moments.mu
    found = corners(form, mu)
    assert found is not None
    for k in range(0, len(found.prices) - 1, 3):
        for part in (0.1, 0.6):
            price = (1 - part) * found.prices[k] + part * found.prices[k + 1]
            w = (1 - part) * found.weights[k] + part * found.weights[k + 1]
            other = _at_price(form, mu, price).x[: p.n]
            assert w == pytest.approx(other, abs=1e-9)


def test_every_price_of_return_has_the_portfolio_that_cvxpy_finds(market):
    p = market(172, 20, limits=LINEAR)
    found, mu = corners(frontier_form(p), p.moments.mu), p.moments.mu
    w, price = cp.Variable(20), cp.Parameter(nonneg=True)
    rows = [cp.sum(w) == 1, w >= 0, w <= 0.25]
    rows += [cp.sum(w[members]) <= 0.5 for members in p.universe.groups("sector").values()]
    root = np.linalg.cholesky(p.moments.Sigma)
    program = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(root.T @ w) - price * (mu @ w)), rows)
    for value in np.geomspace(1e-3, 0.99 * found.prices[-1], 12):
        price.value = value
        program.solve(solver=cp.CLARABEL, tol_gap_abs=1e-13, tol_gap_rel=1e-13, tol_feas=1e-13)
        k = int(np.searchsorted(found.prices, value)) - 1
        part = (value - found.prices[k]) / (found.prices[k + 1] - found.prices[k])
        ours = found.weights[k] + part * (found.weights[k + 1] - found.weights[k])
        assert ours == pytest.approx(w.value, abs=2e-6)


def test_the_box_only_turning_points_are_those_of_the_critical_line_algorithm(market):
    from pypfopt.cla import CLA

    p = market(173, 14, limits={"budget": True, "long_only": True, "max_weight": 0.3})
    theirs = CLA(p.moments.mu, p.moments.Sigma, weight_bounds=(0, 0.3))
    theirs.max_sharpe()
    found = corners(frontier_form(p), p.moments.mu)
    known = np.array([np.asarray(w).ravel() for w in theirs.w])
    distances = np.abs(found.weights[:, None, :] - known[None]).max(axis=2)
    assert distances.min(axis=1) == pytest.approx(0.0, abs=1e-9)
    assert distances.min(axis=0) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("ends", [{}, {"min_return": 0.09}, {"max_risk": 0.165}], ids=["whole", "min_return", "max_risk"])
def test_the_exact_frontier_is_the_swept_one(market, monkeypatch, kind, ends):
    p = market(174, 16, limits=EVERY_KIND[kind], cash=kind == "cash", risk_free_rate=0.02)
    exact = efficient_frontier(p, 9, **ends)
    assert exact.turning_points == len(exact.corners) > 1
    monkeypatch.setattr(sweeping, "exact_frontier", lambda *_: None)
    swept = efficient_frontier(p, 9, **ends)
    assert swept.turning_points is None
    for a, b in zip(exact.points, swept.points, strict=True):
        assert a.expected_return == pytest.approx(b.expected_return, abs=1e-10)
        assert a.volatility == pytest.approx(b.volatility, abs=1e-8)
        assert a.weights == pytest.approx(b.weights, abs=1e-5)
    assert exact.optimal.sharpe_ratio == pytest.approx(swept.optimal.sharpe_ratio, rel=1e-9)
    assert exact.optimal.weights == pytest.approx(swept.optimal.weights, abs=1e-8)


def test_the_frontier_is_concave_and_its_portfolios_keep_every_limit(market):
    p = market(175, 30, limits={**LINEAR, "max_turnover": 0.5}, risk_free_rate=0.02)
    frontier = efficient_frontier(p, 60)
    r, s = (np.array([getattr(point, name) for point in frontier.points]) for name in ("expected_return", "volatility"))
    slopes = np.diff(r) / np.diff(s)
    assert np.all(np.diff(slopes) <= 1e-9 * slopes[0])
    for point in (*frontier.points, *frontier.corners, frontier.optimal):
        assert max(limit.read(point.weights, p).worst() for limit in p.limits) <= 1e-12


def test_the_variance_along_a_segment_is_the_least_for_its_return(market):
    p = market(176, 20, limits=LINEAR)
    frontier = efficient_frontier(p, 50)
    form, mu = frontier_form(p), p.moments.mu
    for point in frontier.points[5:45:8]:
        with_floor = sweeping._with_floor(form, point.expected_return)
        assert point.volatility == pytest.approx(p.moments.covariance.volatility(solve(with_floor).x[:20]), abs=1e-13)
    assert all(frontier.points[0].volatility <= point.volatility for point in frontier.corners)
    assert mu @ frontier.max_return.weights == pytest.approx(max(mu @ c.weights for c in frontier.corners), abs=1e-15)


@pytest.mark.parametrize("digits", [1, 2])
def test_ties_do_not_lead_the_walk_astray(market, digits):
    rng = np.random.default_rng(9)
    mu = np.round(rng.uniform(0.0, 0.2, 16), digits)
    p = market(177, 16, limits={"budget": True, "long_only": True, "max_weight": 0.1, "sector_limits": 0.4}, mu=mu)
    found = corners(frontier_form(p), p.moments.mu)
    for price in (0.013, 0.31, 2.7):
        k = min(int(np.searchsorted(found.prices, price)), len(found.prices) - 1) - 1
        part = min((price - found.prices[k]) / (found.prices[k + 1] - found.prices[k]), 1.0)
        ours = found.weights[k] + part * (found.weights[k + 1] - found.weights[k])
        assert ours == pytest.approx(_at_price(frontier_form(p), p.moments.mu, price).x[:16], abs=1e-9)


def test_where_many_portfolios_earn_the_most_the_least_risky_of_them_ends_the_frontier(market):
    mu = np.array([0.1, 0.1, 0.1, 0.05, 0.02, 0.04])
    p = market(178, 6, mu=mu)
    w = cp.Variable(6)
    cp.Problem(cp.Minimize(cp.quad_form(w, cp.psd_wrap(p.moments.Sigma))), [cp.sum(w) == 1, w >= 0, mu @ w >= 0.1]).solve()
    frontier = efficient_frontier(p, 5)
    assert frontier.max_return.expected_return == pytest.approx(0.1, abs=1e-15)
    assert frontier.max_return.volatility == pytest.approx(p.moments.covariance.volatility(w.value), abs=1e-6)


def test_equal_returns_leave_one_portfolio(market):
    p = market(179, 6, mu=np.full(6, 0.07))
    frontier = efficient_frontier(p, 4)
    assert frontier.turning_points == 1
    assert len({point.weights.tobytes() for point in frontier.points}) == 1


def test_a_riskless_asset_makes_the_first_segments_a_straight_line(market):
    p = market(180, 8, cash=True, risk_free_rate=0.02, limits={"budget": True, "long_only": True})
    frontier = efficient_frontier(p, 30)
    assert frontier.points[0].volatility == 0.0
    assert frontier.points[0].sharpe_ratio is None
    tangency = frontier.optimal
    below = [q for q in frontier.points[1:] if q.expected_return < tangency.expected_return - 1e-9]
    assert [q.sharpe_ratio for q in below] == pytest.approx([tangency.sharpe_ratio] * len(below), rel=1e-12)


@pytest.mark.parametrize(
    "limits",
    [{**LINEAR, "max_tracking_error": 0.2}, {**LINEAR, "max_tracking_error": {"limit": 0.01, "soft": True}}],
    ids=["cone", "soft"],
)
def test_what_is_not_linear_or_not_hard_is_swept_and_said_to_be(market, limits):
    frontier = efficient_frontier(market(181, 8, limits=limits), 4)
    assert frontier.turning_points is None
    assert frontier.corners == ()
    assert len(frontier.points) == 4


def test_ends_that_leave_nothing_are_named(market):
    p = market(182, 10, limits=LINEAR)
    frontier = efficient_frontier(p, 3)
    with pytest.raises(InvalidValue, match="least volatility"):
        efficient_frontier(p, 3, max_risk=0.9 * frontier.min_risk.volatility)
    with pytest.raises(InvalidValue, match="highest expected return"):
        efficient_frontier(p, 3, min_return=frontier.max_return.expected_return + 0.01)
    with pytest.raises(InvalidValue, match="highest expected return"):
        efficient_frontier(p, 3, max_risk=1.05 * frontier.min_risk.volatility, min_return=frontier.max_return.expected_return)


def test_the_kept_inverse_is_the_inverse(market):
    p = market(183, 18, limits=LINEAR, factor_form=True)
    program = scaled(frontier_form(p))
    rng = np.random.default_rng(0)
    free, on = np.ones(len(program.q), dtype=bool), program.row_lower == program.row_upper
    basis = Basis(program, free, on)
    for i in rng.permutation(18)[:9]:
        basis.leave(int(i), basis.unit(int(i)))
    row = basis.M + int(np.flatnonzero(~on)[0])
    for i in (int(np.flatnonzero(~basis.free)[0]), row):
        column = basis.column(i)
        v = basis.solve(column)
        basis.enter(i, v, column[i] - column @ v)
    kept = basis.C.copy()
    order = basis.core.copy()
    basis.factor()
    place = np.array([int(np.flatnonzero(basis.core == i)[0]) for i in order])
    assert kept == pytest.approx(basis.C[np.ix_(place, place)], abs=1e-9)
