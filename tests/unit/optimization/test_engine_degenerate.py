"""Problems that break solvers: what repeats, what vanishes, what is exactly tight."""

import math

import numpy as np
import pytest
from made_desk import LIMITS as DESK_LIMITS
from made_desk import desk

from portopt import pipeline
from portopt.optimization import assemble, optimize, solve

LONG = {"budget": True, "long_only": True}


def test_one_asset_gets_everything(market):
    for objective in ("min_risk", "max_return", "max_sharpe"):
        assert optimize(market(assets=1, objective=objective, mu=[0.08], limits=LONG)).weights.tolist() == [1.0]


def test_duplicate_assets_share_and_the_variance_is_that_of_one(market, residuals):
    one = market(41, 6, limits=LONG)
    order = [0, 1, 2, 3, 4, 5, 0, 1]
    twice = market(mu=one.moments.mu[order], Sigma=one.moments.Sigma[np.ix_(order, order)], limits=LONG)
    form = assemble(twice)
    raw = solve(form)
    found = residuals(form, raw)
    assert raw.polished
    assert found["stationarity"] < 1e-13
    assert found["outside"] < 1e-13
    best = optimize(one).weights
    assert raw.x[:6] + np.append(raw.x[6:8], np.zeros(4)) == pytest.approx(best, abs=1e-7)


def test_a_singular_covariance_is_solved_to_zero_variance(market):
    # Two perfectly hedged assets: s1 = s2, correlation -1.
    Sigma = np.array([[0.04, -0.04, 0.01], [-0.04, 0.04, -0.01], [0.01, -0.01, 0.09]])
    w = optimize(market(Sigma=Sigma, limits=LONG)).weights
    assert w == pytest.approx([0.5, 0.5, 0.0], abs=1e-9)


def test_a_covariance_of_few_observations_is_no_obstacle(market, residuals):
    returns = np.random.default_rng(5).normal(0.0, 0.01, (10, 30))
    p = market(Sigma=np.cov(returns.T) * 252, limits=LONG | {"max_weight": 0.2})
    form = assemble(p)
    raw = solve(form)
    found = residuals(form, raw)
    assert found["stationarity"] < 1e-9
    assert found["outside"] < 1e-9


def test_repeated_rows_change_nothing(market):
    # Every sector is one asset class: two limits say the same thing of the same assets.
    limits = LONG | {"sector_limits": {"sector 0": 0.2}, "max_weight": {"A000": 0.2}}
    given = {"mu": [0.2, 0.05, 0.06], "Sigma": np.diag([0.04, 0.05, 0.06]), "limits": limits}
    assert optimize(market(**given, objective="max_return")).weights.tolist() == [0.2, 0.0, 0.8]
    w = optimize(market(**given, objective={"kind": "utility", "risk_aversion": 1.0})).weights
    gap = (0.05 - 0.06 + 0.8 * 0.06) / (0.05 + 0.06)  # from the stationarity of the two others
    assert w == pytest.approx([0.2, gap, 0.8 - gap], abs=1e-14)


def test_capacity_that_is_exactly_tight_leaves_one_portfolio(market):
    for objective in ("min_risk", "max_sharpe", "max_return"):
        w = optimize(market(42, 10, objective=objective, limits=LONG | {"max_weight": 0.1})).weights
        assert w.tolist() == [0.1] * 10


def test_bounds_that_are_equal_fix_the_weight(market):
    p = market(43, 6, limits=LONG | {"max_weight": {"A002": 0.25}, "min_weight": {"A002": 0.25}})
    w = optimize(p).weights
    assert w[2] == 0.25
    assert math.fsum(w) == 1.0


def test_everything_fixed_is_an_answer_or_a_conflict(market):
    fixed = {"A000": 0.25, "A001": 0.75}
    limits = LONG | {"max_weight": fixed, "min_weight": fixed}
    assert optimize(market(44, 2, limits=limits)).weights.tolist() == [0.25, 0.75]
    short = LONG | {"max_weight": {"A000": 0.25, "A001": 0.5}, "min_weight": {"A000": 0.25, "A001": 0.5}}
    assert optimize(market(44, 2, limits=short)).status.value == "infeasible"


def test_cash_without_risk_takes_everything_when_only_risk_counts(market):
    p = market(45, 8, cash=True, limits=LONG)
    assert optimize(p).weights.tolist() == [0.0] * 8 + [1.0]


def test_a_daily_covariance_gives_the_annual_weights(market):
    for objective in ("min_risk", "max_sharpe"):
        limits = LONG | {"max_weight": 0.2}
        annual = optimize(market(46, 20, objective=objective, limits=limits, risk_free_rate=0.02)).weights
        daily = optimize(market(46, 20, objective=objective, limits=limits, risk_free_rate=0.02, scale=1 / 252)).weights
        assert daily == pytest.approx(annual, abs=1e-13)


def test_of_many_mixtures_with_cash_the_best_ratio_is_the_one_without(market):
    free = {"budget": True, "long_only": True}
    with_cash = market(47, 12, objective="max_sharpe", limits=free, cash=True, risk_free_rate=0.03)
    without = market(47, 12, objective="max_sharpe", limits=free, risk_free_rate=0.03)
    w = optimize(with_cash).weights
    assert w[-1] == 0.0
    assert w[:-1] == pytest.approx(optimize(without).weights, abs=1e-12)


def test_a_zero_turnover_limit_keeps_the_portfolio(market):
    p = market(48, 8, limits=LONG | {"max_turnover": 0.0})
    w = optimize(p).weights
    assert w == pytest.approx(p.w_prev, abs=1e-9)


@pytest.mark.parametrize("seed", [41, *range(10)])
@pytest.mark.parametrize("turnover", [0.02, 0.0200001])
def test_a_row_that_is_held_and_not_met_is_let_go(seed: int, turnover: float) -> None:
    """Cash above its cap takes up nearly all of the turnover there is: rows that bind depend on each other."""
    problem = desk(seed, n=10, limits={**DESK_LIMITS, "max_turnover": turnover}).problem()
    answer = pipeline.optimize(problem)
    if not answer.solution.is_optimal:
        return  # the cap cannot be reached within this turnover: the diagnosis says so
    assert pipeline.certify(answer).certificate.relative_gap < 1e-9
