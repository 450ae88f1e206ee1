"""Portfolios whose formula is known."""

import numpy as np
import pytest

from portopt.optimization import optimize

FREE = {"budget": True}


@pytest.mark.parametrize("factor_form", [False, True])
def test_the_global_minimum_variance_portfolio_is_the_inverse_covariance_times_ones(market, factor_form):
    problem = market(seed=1, assets=15, limits=FREE, factor_form=factor_form)
    v = np.linalg.solve(problem.moments.Sigma, np.ones(15))
    assert optimize(problem).weights == pytest.approx(v / v.sum(), abs=1e-13)


@pytest.mark.parametrize("factor_form", [False, True])
def test_the_tangency_portfolio_is_the_inverse_covariance_times_the_excess_returns(market, factor_form):
    problem = market(seed=2, assets=15, objective="max_sharpe", limits=FREE, factor_form=factor_form, risk_free_rate=0.02)
    v = np.linalg.solve(problem.moments.Sigma, problem.moments.mu - 0.02)
    assert v.sum() > 0
    assert optimize(problem).weights == pytest.approx(v / v.sum(), abs=1e-12)


def test_two_assets_split_by_their_variances(market):
    s1, s2, rho = 0.2, 0.3, 0.25
    Sigma = [[s1**2, rho * s1 * s2], [rho * s1 * s2, s2**2]]
    first = (s2**2 - rho * s1 * s2) / (s1**2 + s2**2 - 2 * rho * s1 * s2)
    assert optimize(market(Sigma=Sigma)).weights == pytest.approx([first, 1 - first], abs=1e-15)


def test_unconstrained_utility_is_the_minimum_variance_portfolio_plus_a_tilt(market):
    gamma = 5.0
    problem = market(seed=3, assets=8, objective={"kind": "utility", "risk_aversion": gamma}, limits=FREE)
    mu, inverse, ones = problem.moments.mu, np.linalg.inv(problem.moments.Sigma), np.ones(8)
    nu = (ones @ inverse @ mu - gamma) / (ones @ inverse @ ones)
    assert optimize(problem).weights == pytest.approx(inverse @ (mu - nu) / gamma, abs=1e-12)


def test_equal_variances_and_correlations_give_equal_weights(market):
    Sigma = 0.04 * (0.7 * np.eye(6) + 0.3)
    assert optimize(market(Sigma=Sigma)).weights == pytest.approx(np.full(6, 1 / 6), abs=1e-15)


def test_uncorrelated_assets_are_weighted_by_inverse_variance(market):
    variances = np.array([0.01, 0.02, 0.04, 0.08])
    assert optimize(market(Sigma=np.diag(variances))).weights == pytest.approx(
        (1 / variances) / (1 / variances).sum(), abs=1e-15
    )


def test_the_most_return_is_the_best_paid_assets_filled_to_their_caps(market):
    problem = market(
        mu=[0.02, 0.09, 0.05, 0.07],
        Sigma=np.eye(4) * 0.04,
        objective="max_return",
        limits={"budget": True, "long_only": True, "max_weight": 0.4},
    )
    assert optimize(problem).weights.tolist() == [0.0, 0.4, pytest.approx(0.2, abs=1e-15), 0.4]


def test_the_benchmark_itself_has_no_tracking_error(market):
    problem = market(seed=4, objective="min_tracking_error")
    assert optimize(problem).weights == pytest.approx(problem.benchmark, abs=1e-14)


def test_a_volatility_cap_on_the_most_return_is_met_exactly_on_two_assets(market):
    # w on the risky one of two uncorrelated assets, the other riskless: w = cap / sigma.
    limits = {"budget": True, "long_only": True, "max_volatility": 0.1}
    problem = market(mu=[0.08, 0.01], Sigma=np.diag([0.25**2, 0.0]), objective="max_return", limits=limits)
    assert optimize(problem).weights == pytest.approx([0.4, 0.6], abs=1e-13)
