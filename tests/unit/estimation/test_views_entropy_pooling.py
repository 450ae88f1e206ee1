"""Entropy pooling against closed forms, brute force and cvxpy; views hold; views that cannot hold are named."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import brentq, minimize

from portopt.domain.errors import InvalidValue, MissingInput, UnknownField
from portopt.domain.moments import Covariance, Moments
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import CASH, Universe
from portopt.estimation.views import apply_views, views_applied
from portopt.estimation.views.entropy import nearest
from portopt.estimation.views.entropy_pooling import divergence, effective_scenarios

YEARS = 252.0


def moments(T: int = 250, n: int = 3, seed: int = 0, cash: bool = False, weights: bool = False) -> Moments:
    rng = np.random.default_rng(seed)
    X = rng.standard_t(5, (T, 1)) * 0.008 + rng.normal(0.0003, 0.007, (T, n))
    ids = [*"ABCDEFGHIJ"][:n]
    if cash:
        X, ids = np.column_stack([X, np.full(T, 0.02 / YEARS)]), [*ids, CASH]
    q = rng.dirichlet(np.full(T, 3.0)) if weights else None
    covariance = np.cov(X.T) * YEARS * 1.1
    return Moments(
        Universe.of(ids), X.mean(axis=0) * YEARS + 0.01, Covariance(Sigma=covariance), YEARS, scenarios=X, probabilities=q
    )


def after(base: Moments, views: list, **doc) -> tuple[Moments, dict]:
    return views_applied(base, EstimationChoice(views={"method": "entropy_pooling", "views": views, **doc}), 0.02)


def normal_grid() -> tuple[np.ndarray, np.ndarray]:
    """Two independent standard normals by quadrature, exact to rounding for what is asked of it."""
    x = np.linspace(-9, 9, 181)
    one = np.exp(-(x**2) / 2)
    grid = np.array(list(itertools.product(x, x)))
    q = np.outer(one, one).ravel()
    return grid, q / q.sum()


def test_a_view_on_a_normals_mean_moves_it_and_nothing_else():
    """Tilting N(m, S) to a'x = c gives N(m + S a (c - a'm)/(a'S a), S): the certain view of Black and Litterman."""
    Z, q = normal_grid()
    root = np.array([[0.012, 0.0], [0.006, 0.009]])
    S, a, c = Z @ root.T + [0.0004, 0.0002], np.array([1.0, -0.5]), 0.2 / YEARS
    base = Moments(Universe.of(["A", "B"]), np.zeros(2), Covariance(Sigma=np.eye(2)), YEARS, scenarios=S, probabilities=q)
    result, facts = after(base, [{"mean": {"A": 1, "B": -0.5}, "equals": 0.2}])
    Sigma, m = root @ root.T, np.array([0.0004, 0.0002])
    moved = m + Sigma @ a * (c - a @ m) / (a @ Sigma @ a)
    np.testing.assert_allclose(result.mu, moved * YEARS, rtol=1e-9)
    np.testing.assert_allclose(result.Sigma, Sigma * YEARS, rtol=1e-9)
    assert facts["relative_entropy"] == pytest.approx((c - a @ m) ** 2 / (a @ Sigma @ a) / 2, rel=1e-7)


def test_a_view_on_a_normals_volatility_leaves_a_normal_of_that_volatility():
    Z, q = normal_grid()
    base = Moments(Universe.of(["A", "B"]), np.zeros(2), Covariance(Sigma=np.eye(2)), 1.0, scenarios=Z, probabilities=q)
    result, facts = after(base, [{"volatility": "A", "equals": 0.8}])
    np.testing.assert_allclose(result.Sigma, np.diag([0.64, 1.0]), atol=1e-9)
    np.testing.assert_allclose(result.mu, 0, atol=1e-9)
    assert facts["relative_entropy"] == pytest.approx((0.64 - 1 - np.log(0.64)) / 2, rel=1e-7)


@pytest.mark.parametrize("weights", [True, False])
def test_without_views_the_probabilities_are_the_priors(weights):
    base = moments(weights=weights, cash=True)
    result, facts = after(base, [])
    q = np.full(250, 1 / 250) if base.probabilities is None else base.probabilities
    assert np.array_equal(result.probabilities, q)
    assert facts["relative_entropy"] == pytest.approx(0.0, abs=1e-15)
    np.testing.assert_allclose(result.mu, np.append((q @ base.scenarios)[:3] * YEARS, base.mu[3]), rtol=1e-12)
    assert np.all(result.Sigma[3] == 0)


VIEWS = [
    {"mean": {"A": 1}, "equals": 0.1},
    {"mean": {"B": 1, "C": -1}, "at_least": 0.3},
    {"volatility": "C", "equals": 0.2},
    {"correlation": ["A", "B"], "equals": 0.3},
    {"rank": ["B", "A"]},
]


@pytest.mark.parametrize("weights", [True, False])
def test_every_view_holds_to_1e_9_by_plain_numpy(weights):
    base = moments(weights=weights)
    result, _ = after(base, [*VIEWS, {"cvar": {"A": 0.5, "B": 0.5}, "equals": 0.026}])
    p, S = result.probabilities, base.scenarios
    assert p.min() >= 0
    assert p.sum() == pytest.approx(1, abs=1e-14)
    assert p @ S[:, 0] * YEARS == pytest.approx(0.1, abs=1e-9)
    assert (p @ (S[:, 1] - S[:, 2])) * YEARS >= 0.3 - 1e-9
    C = np.cov(S.T, aweights=p, ddof=0)
    assert np.sqrt(C[2, 2] * YEARS) == pytest.approx(0.2, abs=1e-9)
    assert C[0, 1] / np.sqrt(C[0, 0] * C[1, 1]) == pytest.approx(0.3, abs=1e-9)
    losses = -S @ [0.5, 0.5, 0]
    cvar = min(v + p @ np.maximum(losses - v, 0) / 0.05 for v in losses)
    assert cvar == pytest.approx(0.026, abs=1e-9)
    np.testing.assert_allclose(result.Sigma, C * YEARS, rtol=1e-9)
    np.testing.assert_allclose(result.mu, p @ S * YEARS, rtol=1e-12)


def test_linear_views_are_cvxpys_answer():
    cp = pytest.importorskip("cvxpy")
    base = moments(T=80, weights=True)
    q, S = base.probabilities, base.scenarios
    result, facts = after(base, [VIEWS[0], VIEWS[1], VIEWS[4]])
    p = cp.Variable(80)
    wanted = [cp.sum(p) == 1, p @ S[:, 0] == 0.1 / YEARS, p @ (S[:, 1] - S[:, 2]) >= 0.3 / YEARS, p @ (S[:, 1] - S[:, 0]) >= 0]
    least = cp.Problem(cp.Minimize(cp.sum(cp.kl_div(p, q))), wanted).solve(solver=cp.CLARABEL)
    assert facts["relative_entropy"] == pytest.approx(least, abs=1e-7)
    np.testing.assert_allclose(result.probabilities, p.value, atol=1e-5)


def test_a_higher_cvar_is_cvxpys_answer_of_the_convex_problem():
    """CVaR >= c is one linear condition for every quantile; the optimum is unique."""
    cp = pytest.importorskip("cvxpy")
    base = moments(T=80)
    q, losses = np.full(80, 1 / 80), -base.scenarios[:, 0]
    _, facts = after(base, [{"cvar": "A", "equals": 0.022, "confidence": 0.9}])
    p = cp.Variable(80)
    H = losses[:, None] + np.maximum(losses[None, :] - losses[:, None], 0) / 0.1
    least = cp.Problem(cp.Minimize(cp.sum(cp.kl_div(p, q))), [cp.sum(p) == 1, H @ p >= 0.022]).solve(solver=cp.CLARABEL)
    assert facts["views"][0]["prior"] < 0.022
    assert facts["relative_entropy"] == pytest.approx(least, abs=1e-7)


def test_a_lower_cvar_is_the_best_of_all_quantiles_by_brute_force():
    base = moments(T=120)
    losses, c = -base.scenarios[:, 0], 0.02
    _, facts = after(base, [{"cvar": "A", "at_most": c}])

    def height(v: float) -> float:
        g = v + np.maximum(losses - v, 0) / 0.05 - c
        if g.min() >= 0:
            return np.inf
        tilt = brentq(lambda k: g @ np.exp(k * (g - g.min())), -1e3, 1e3, xtol=1e-14, maxiter=500)
        return -float(np.log(np.mean(np.exp(tilt * g))))

    best = min(height(v) for v in np.linspace(0, c, 3001)[1:-1])
    assert facts["views"][0]["prior"] > c
    assert facts["relative_entropy"] <= best + 1e-12
    assert facts["relative_entropy"] == pytest.approx(best, rel=1e-3)


@pytest.mark.parametrize("seed", range(2))
def test_second_moments_beat_or_equal_brute_force_and_the_sequential_recipe(seed):
    """SLSQP on the problem itself; and the recipe that pins the mean before a variance can only be further from the prior."""
    base = moments(T=24, seed=seed)
    S, q = base.scenarios, np.full(24, 1 / 24)
    s2 = 0.2**2 / YEARS
    _, facts = after(base, [{"volatility": "A", "equals": 0.2}, {"correlation": ["B", "C"], "equals": 0.4}])

    def gaps(p):
        C = np.cov(S.T, aweights=p / p.sum(), ddof=0)
        return [p.sum() - 1, (C[0, 0] - s2) / s2, C[1, 2] / np.sqrt(C[1, 1] * C[2, 2]) - 0.4]

    def cost(p):
        return float(p @ np.log(p / q))

    found = minimize(
        cost, q, jac=lambda p: np.log(p / q) + 1, bounds=[(1e-10, 1)] * 24, constraints={"type": "eq", "fun": gaps},
        method="SLSQP", options={"maxiter": 500, "ftol": 1e-14},
    )  # fmt: skip
    assert facts["relative_entropy"] == pytest.approx(found.fun, abs=2e-6)
    x = S[:, 0]
    pinned, _ = nearest(q, np.stack([x - q @ x, (x - q @ x) ** 2 - s2], axis=1), np.array([True, True]))
    assert after(base, [{"volatility": "A", "equals": 0.2}])[1]["relative_entropy"] <= divergence(pinned, q) + 1e-12


def test_an_inequality_that_already_holds_changes_nothing():
    base = moments()
    views = [
        {"mean": {"A": 1}, "at_most": 5.0}, {"volatility": "B", "at_least": 0.01}, {"cvar": "C", "at_most": 0.2},
        {"correlation": ["A", "C"], "at_least": -0.9},
    ]  # fmt: skip
    result, facts = after(base, views)
    np.testing.assert_allclose(result.probabilities, 1 / 250, rtol=1e-12)
    assert facts["effective_scenarios"] == pytest.approx(250)


def test_confidence_mixes_with_the_prior():
    base = moments()
    whole, _ = after(base, VIEWS)
    half, _ = after(base, VIEWS, confidence=0.5)
    none, facts = after(base, VIEWS, confidence=0.0)
    np.testing.assert_allclose(half.probabilities, (whole.probabilities + 1 / 250) / 2, rtol=1e-12)
    np.testing.assert_allclose(none.probabilities, 1 / 250, rtol=1e-12)
    assert facts["relative_entropy"] == pytest.approx(0.0, abs=1e-15)


def test_the_estimate_as_prior_keeps_the_estimated_means_and_volatilities():
    base = moments(cash=True)
    result, _ = after(base, [], prior="estimate")
    np.testing.assert_allclose(result.mu, base.mu, rtol=1e-10)
    np.testing.assert_allclose(result.covariance.diagonal(), base.covariance.diagonal(), rtol=1e-10, atol=1e-30)
    moved, _ = after(base, [{"mean": "A", "equals": 0.4}], prior="estimate")
    assert moved.mu[0] == pytest.approx(0.4, abs=1e-10)
    np.testing.assert_allclose(moved.probabilities @ moved.scenarios[:, :3] * YEARS, moved.mu[:3], rtol=1e-10)


def test_many_assets_keep_the_scenarios_as_factors():
    base = moments(T=4, n=10)
    result, _ = after(base, [{"mean": {"A": 1}, "at_least": float(base.scenarios[:, 0].mean()) * YEARS + 0.01}])
    assert result.covariance.is_factor_form
    C = np.cov(base.scenarios.T, aweights=result.probabilities, ddof=0) * YEARS
    np.testing.assert_allclose(result.Sigma, C, rtol=1e-10, atol=1e-15)


def test_effective_scenarios_of_equal_and_single_probabilities():
    assert effective_scenarios(np.full(50, 0.02)) == pytest.approx(50)
    assert effective_scenarios(np.array([0.0, 1.0, 0.0])) == 1.0


@pytest.mark.parametrize(
    ("views", "named", "spared"),
    [
        ([{"mean": "A", "equals": 100}, {"mean": "B", "equals": 0.1}], ["mean of A = 100"], ["mean of B"]),
        (
            [{"mean": "A", "equals": 0.1}, {"mean": "B", "equals": 0.2}, {"mean": "A", "at_least": 0.15}],
            ["mean of A = 0.1", "mean of A ≥ 0.15"],
            ["mean of B"],
        ),
        (
            [{"rank": ["A", "B"]}, {"volatility": "C", "equals": 0.2}, {"mean": {"B": 1, "A": -1}, "at_least": 0.01}],
            ["mean of A ≥ B", "−A + B ≥ 0.01"],
            ["volatility"],
        ),
        ([{"volatility": "A", "at_least": 5.0}], ["volatility of A ≥ 5"], []),
        ([{"cvar": "A", "equals": 3.0}], ["losses on these 250 scenarios lie between"], []),
    ],
)
def test_views_that_cannot_hold_are_named_and_only_those(views, named, spared):
    with pytest.raises(InvalidValue) as caught:
        after(moments(), views)
    assert all(text in caught.value.detail for text in named)
    assert not any(text in caught.value.detail for text in spared)


@pytest.mark.parametrize(
    ("view", "error", "match"),
    [
        ({"mean": {"A": 1}}, InvalidValue, "needs one of equals"),
        ({"mean": {"A": 1}, "equals": 0.1, "at_most": 0.2}, InvalidValue, "needs one of"),
        ({"mean": {"A": 1}, "volatility": "A", "equals": 0.1}, InvalidValue, "a view is about one of"),
        ({"mean": {"A": 1}, "equals": 0.1, "confidence": 0.9}, InvalidValue, "the level of a cvar view"),
        ({"volatility": "A", "equals": 0}, InvalidValue, "between"),
        ({"correlation": ["A"], "equals": 0.1}, InvalidValue, "two assets"),
        ({"correlation": ["A", "B"], "equals": 1.1}, InvalidValue, "between -1 and 1"),
        ({"rank": "A"}, InvalidValue, "at least two assets"),
        ({"rank": ["A", "B"], "equals": 1}, InvalidValue, "has no value"),
        ({"cvar": "Z", "equals": 0.1}, UnknownField, "Z"),
        ({"skew": "A", "equals": 0.1}, UnknownField, "skew"),
    ],
)
def test_a_view_that_cannot_be_read_is_refused_by_its_path(view, error, match):
    with pytest.raises(error, match=match) as caught:
        after(moments(), [view])
    assert caught.value.field.startswith("estimation.views.views[0]")


def test_without_scenarios_the_request_is_told_what_is_missing():
    bare = Moments(Universe.of(["A"]), np.zeros(1), Covariance(Sigma=np.eye(1)))
    with pytest.raises(MissingInput, match="scenarios"):
        apply_views(bare, EstimationChoice(views={"method": "entropy_pooling", "views": []}), 0.0)
