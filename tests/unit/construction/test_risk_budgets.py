"""Shares of the risk as given: closed forms, both forms of a covariance, tiny budgets, CVaR by its own optimality."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.construction.cvar_budgets import cvar_budget_weights
from portopt.construction.risk_budgets import risk_budget_weights
from portopt.domain.errors import DataError
from portopt.domain.moments import Covariance


def market(n: int, k: int, seed: int) -> Covariance:
    rng = np.random.default_rng(seed)
    F = np.column_stack([rng.uniform(0.5, 1.5, n), rng.normal(0.0, 0.3, (n, k - 1))])
    return Covariance(F=F, Omega=np.diag(rng.uniform(0.005, 0.03, k)), D=rng.uniform(0.01, 0.1, n))


def shares(w: np.ndarray, covariance: Covariance) -> np.ndarray:
    return w * covariance.times(w) / covariance.variance(w)


@pytest.mark.parametrize("rho", [-0.9, -0.3, 0.0, 0.5, 0.99])
@pytest.mark.parametrize("b", [0.5, 0.2, 0.9])
def test_two_assets_have_the_weights_of_the_closed_form(rho, b):
    """Bruder and Roncalli (2012), Managing Risk Exposures Using the Risk Budgeting Approach, equation for n = 2."""
    s1, s2 = 0.2, 0.35
    Sigma = np.array([[s1**2, rho * s1 * s2], [rho * s1 * s2, s2**2]])
    root = s1 * s2 * np.sqrt((b - 0.5) ** 2 * rho**2 + b * (1 - b))
    top = (b - 0.5) * rho * s1 * s2 - b * s2**2 + root
    bottom = (1 - b) * s1**2 - b * s2**2 + 2 * (b - 0.5) * rho * s1 * s2
    w = risk_budget_weights(Covariance(Sigma=Sigma), np.array([b, 1 - b]))
    assert w[0] == pytest.approx(top / bottom, abs=1e-12)


def test_equal_correlations_give_weights_inverse_to_volatility():
    sigma = np.array([0.1, 0.15, 0.2, 0.4, 0.07])
    Sigma = np.outer(sigma, sigma) * (0.3 + 0.7 * np.eye(5))
    w = risk_budget_weights(Covariance(Sigma=Sigma), np.full(5, 0.2))
    np.testing.assert_allclose(w, (1 / sigma) / (1 / sigma).sum(), rtol=0, atol=1e-14)


def test_uncorrelated_assets_have_weights_of_root_budget_over_volatility():
    sigma, b = np.array([0.1, 0.15, 0.2, 0.4]), np.array([0.1, 0.2, 0.3, 0.4])
    w = risk_budget_weights(Covariance(Sigma=np.diag(sigma**2)), b)
    np.testing.assert_allclose(w, (np.sqrt(b) / sigma) / (np.sqrt(b) / sigma).sum(), rtol=0, atol=1e-14)


def test_factor_form_and_dense_form_have_the_same_weights():
    covariance, b = market(80, 6, 1), np.random.default_rng(2).dirichlet(np.ones(80))
    dense = Covariance(Sigma=covariance.dense())
    np.testing.assert_allclose(risk_budget_weights(covariance, b), risk_budget_weights(dense, b), rtol=0, atol=1e-14)


@pytest.mark.parametrize("concentration", [0.05, 0.3, 1.0, 10.0])
def test_a_thousand_assets_meet_budgets_of_any_size_to_1e_minus_12(concentration):
    covariance = market(1_000, 20, 3)
    b = np.maximum(np.random.default_rng(4).dirichlet(np.full(1_000, concentration)), 1e-12)
    b /= b.sum()
    w = risk_budget_weights(covariance, b)
    assert np.abs(shares(w, covariance) - b).max() <= 1e-12
    assert w.min() > 0.0
    assert w.sum() == pytest.approx(1.0, abs=1e-14)


def test_strongly_hedging_assets_still_meet_their_budgets():
    rng = np.random.default_rng(5)
    F = rng.normal(size=(40, 3))  # betas of both signs: some pairs nearly cancel
    covariance = Covariance(F=F, Omega=0.04 * np.eye(3), D=np.full(40, 1e-5))
    b = np.full(40, 1 / 40)
    assert np.abs(shares(risk_budget_weights(covariance, b), covariance) - b).max() <= 1e-12


def test_what_is_no_covariance_is_refused():
    with pytest.raises(DataError, match=r"negative eigenvalue|could not be met"):
        risk_budget_weights(Covariance(Sigma=np.array([[0.01, -0.2], [-0.2, 0.01]])), np.array([0.5, 0.5]))


def scenarios(T: int, n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 0.01 * rng.standard_t(4, (T, n)) + 0.01 * rng.normal(size=(T, 1))


@pytest.mark.parametrize(("T", "n"), [(50, 3), (500, 20), (1_500, 60)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.975])
def test_cvar_contributions_are_the_budgets_and_add_up_to_the_mean_of_the_worst_losses(T, n, confidence):
    S, b = scenarios(T, n, T), np.random.default_rng(n).dirichlet(np.ones(n))
    p = np.random.default_rng(T).dirichlet(np.full(T, 5.0))
    found = cvar_budget_weights(S, p, confidence, b)
    q, losses = found.scenario_weights, -S @ found.weights
    np.testing.assert_allclose(found.contributions / found.contributions.sum(), b, rtol=0, atol=1e-12)
    assert q.min() >= -1e-14
    assert (q - p / (1 - confidence)).max() <= 1e-12
    order = np.argsort(-losses)
    left = np.clip((1 - confidence) - np.concatenate([[0.0], np.cumsum(p[order])[:-1]]), 0.0, p[order])
    assert found.contributions.sum() == pytest.approx(float(left @ losses[order]) / (1 - confidence), rel=1e-12)


def test_cvar_budgets_are_the_minimum_that_cvxpy_finds():
    import cvxpy as cp

    S, b = scenarios(120, 5, 7), np.array([0.1, 0.2, 0.3, 0.25, 0.15])
    y, a = cp.Variable(5), cp.Variable()
    tail = cp.sum(cp.pos(-S @ y - a)) / (120 * 0.1)
    cp.Problem(cp.Minimize(a + tail - b @ cp.log(y))).solve(solver=cp.CLARABEL)
    w = cvar_budget_weights(S, np.full(120, 1 / 120), 0.9, b).weights
    np.testing.assert_allclose(w, y.value / y.value.sum(), rtol=0, atol=1e-5)


def test_assets_without_losses_have_no_cvar_to_share():
    S = np.abs(scenarios(60, 3, 8))
    with pytest.raises(DataError, match="no loss in its tail"):
        cvar_budget_weights(S, np.full(60, 1 / 60), 0.9, np.full(3, 1 / 3))
