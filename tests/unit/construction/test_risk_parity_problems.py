"""Risk budgets as a whole question: cash, limits, groups, target volatility, refusals; the certificate of each answer."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
import pytest

import portopt
from portopt.audit import audit
from portopt.construction import construct
from portopt.domain.certificate import Certificate
from portopt.domain.errors import DataError, InvalidValue, MissingInput, UnknownField
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble, optimize, solve
from portopt.optimization.convex import solve_convex
from portopt.terms.catalog import parse_limits, parse_objective

N = 12
RISKY = slice(0, N)


def question(objective: dict[str, Any], limits: dict[str, Any], *, dense: bool = True, cash: bool = True) -> Problem:
    """Twelve assets in three sectors (one of them not scored), cash behind them, 300 scenarios."""
    rng = np.random.default_rng(11)
    F = np.column_stack([rng.uniform(0.5, 1.5, N), rng.normal(0.0, 0.3, (N, 2))])
    parts = Covariance(F=F, Omega=np.diag([0.03, 0.01, 0.01]), D=rng.uniform(0.01, 0.06, N))
    S = rng.multivariate_normal(np.full(N, 0.0003), parts.dense() / 252, size=300)
    assets = [Asset(f"A{i}", sector=f"S{i % 3}", quality_score=4.0 + i % 5, esg_score=5.0) for i in range(N)]
    covariance = Covariance(Sigma=parts.dense()) if dense else parts
    mu, n = rng.uniform(0.02, 0.1, N), N
    if cash:
        assets.append(Asset(CASH))
        covariance, mu, n = covariance.embedded(N + 1, np.arange(N)), np.append(mu, 0.02), N + 1
        S = np.column_stack([S, np.full(300, 0.02 / 252)])
    return construct(
        Problem(
            Moments(Universe(tuple(assets)), mu, covariance, scenarios=S),
            parse_objective({"kind": "risk_parity", **objective}),
            parse_limits({"budget": True, "long_only": True, **limits}),
            w_prev=np.append(np.full(N, 1 / N), np.zeros(n - N)),
            benchmark=np.append(np.full(N, 1 / N), np.zeros(n - N)),
            risk_free_rate=0.02,
        )
    )


def answered(p: Problem) -> tuple[np.ndarray, Certificate]:
    form = assemble(p)
    solution = optimize(p, form=form)
    certificate = audit(p, form, solution)
    assert certificate.certified, certificate.reasons
    assert certificate.relative_gap <= 1e-9
    assert certificate.stationarity <= 1e-9
    assert solution.weights is not None
    return solution.weights, certificate


def shares(p: Problem, w: np.ndarray) -> np.ndarray:
    return w * p.moments.covariance.times(w) / p.moments.covariance.variance(w)


@pytest.mark.parametrize("dense", [True, False])
def test_without_binding_limits_every_asset_has_the_same_share_of_the_volatility_and_cash_none(dense):
    p = question({}, {"max_weight": 0.5}, dense=dense)
    w, certificate = answered(p)
    np.testing.assert_allclose(shares(p, w)[RISKY], 1 / N, rtol=0, atol=1e-12)
    assert w[N] == pytest.approx(0.0, abs=1e-14)
    assert dict(certificate.claims)["budgets met"] == "yes"
    assert certificate.objective == pytest.approx(0.5 * p.moments.covariance.variance(w), rel=1e-12)


@pytest.mark.parametrize(
    "limits",
    [
        {"max_weight": 0.09},
        {"sector_limits": {"S1": 0.2}},
        {"max_turnover": 0.05, "fully_invested": True},
        {"max_tracking_error": 0.01},
        {"min_weight": {"A3": 0.2}, "max_volatility": 0.2},
        {"min_return": 0.07, "asset_class_limits": 1.0, "leverage_limit": 1.0, "cash": {"max": 0.01}},
    ],
    ids=str,
)
@pytest.mark.parametrize("dense", [True, False])
def test_where_limits_bind_the_answer_is_the_convex_relaxation_that_cvxpy_finds(limits, dense):
    p = question({}, limits, dense=dense)
    w, certificate = answered(p)
    assert dict(certificate.claims)["budgets met"] == "relaxed by limits"
    h = p.constructed()
    price = p.moments.covariance.variance(h) / N
    x, Sigma = cp.Variable(p.n), p.moments.Sigma
    held = [cp.sum(x) == 1, x >= 0]
    if "max_weight" in limits:
        held.append(x[RISKY] <= limits["max_weight"])
    if "sector_limits" in limits:
        held.append(cp.sum(x[1:N:3]) <= 0.2)
    if "max_turnover" in limits:
        held += [cp.norm1(x - p.w_prev) <= 0.1, x[N] == 0]
    if "max_tracking_error" in limits:
        held.append(cp.quad_form(x - p.benchmark, cp.psd_wrap(Sigma)) <= 1e-4)
    if "min_weight" in limits:
        held += [x[3] >= 0.2, cp.quad_form(x, cp.psd_wrap(Sigma)) <= 0.04]
    if "min_return" in limits:
        held += [p.moments.mu @ x >= 0.07, x[N] <= 0.01]
    wanted = 0.5 * cp.quad_form(x, cp.psd_wrap(Sigma)) - price * cp.sum(cp.log(x[RISKY]))
    cp.Problem(cp.Minimize(wanted), held).solve(solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10)
    np.testing.assert_allclose(w, x.value, rtol=0, atol=1e-5)


def test_cvar_budgets_are_met_exactly_and_relaxed_where_a_limit_binds():
    free, certificate = answered(question({"measure": "cvar", "confidence": 0.9}, {}))
    found = dict(certificate.claims)
    assert found["budgets met"] == "yes"
    assert found["largest deviation from budgets, constructed"] <= 1e-12
    capped, certificate = answered(question({"measure": "cvar", "confidence": 0.9}, {"max_weight": 0.09}))
    assert dict(certificate.claims)["budgets met"] == "relaxed by limits"
    assert capped[RISKY].max() == 0.09 < free[RISKY].max()


def test_a_floor_on_cash_scales_the_portfolio_and_keeps_every_share():
    p = question({}, {"cash": {"min": 0.07}})
    w, certificate = answered(p)
    assert w[N] == pytest.approx(0.07, abs=1e-14)
    np.testing.assert_allclose(shares(p, w)[RISKY], 1 / N, rtol=0, atol=1e-12)
    assert dict(certificate.claims)["budgets met"] == "yes"


@pytest.mark.parametrize(
    ("limits", "wanted", "reached"),
    [
        ({}, 0.05, 0.05),
        ({"leverage_limit": 2.0, "long_only": False}, 0.25, 0.25),
        ({}, 0.5, None),  # no borrowing: fully invested is the most
        ({"leverage_limit": 1.2, "cash": {"min": -0.5}, "long_only": False}, 0.5, None),
    ],
    ids=str,
)
def test_a_target_volatility_is_hit_by_cash_and_the_mix_never_bends(limits, wanted, reached):
    p = question({"target_volatility": wanted}, limits)
    w, certificate = answered(p)
    np.testing.assert_allclose(shares(p, w)[RISKY], 1 / N, rtol=0, atol=1e-12)
    volatility = p.moments.covariance.volatility(w)
    if reached is not None:
        assert volatility == pytest.approx(reached, abs=1e-14)
    else:
        assert w[RISKY].sum() == pytest.approx(limits.get("leverage_limit", 1.0), abs=1e-12)
    assert dict(certificate.claims)["volatility reached"] == pytest.approx(volatility, rel=1e-12)


def test_a_sectors_budget_is_split_evenly_among_its_assets():
    p = question({"budgets": {"sector": {"S0": 0.5, "S1": 0.3, "S2": 0.2}}}, {})
    part = shares(p, answered(p)[0])[RISKY]
    np.testing.assert_allclose(part, np.tile([0.5 / 4, 0.3 / 4, 0.2 / 4], 4), rtol=0, atol=1e-12)


@pytest.mark.parametrize("dense", [True, False])
def test_budgets_are_relative_and_the_star_stands_for_every_other_asset(dense):
    p = question({"budgets": {"A0": 3, "*": 1}}, {}, dense=dense)
    np.testing.assert_allclose(shares(p, answered(p)[0])[RISKY], [3 / 14, *[1 / 14] * 11], rtol=0, atol=1e-12)


@pytest.mark.parametrize("dense", [True, False])
def test_an_asset_without_a_budget_is_not_held_unless_a_limit_says_so(dense):
    w, _ = answered(question({"budgets": {"A0": 0.5, "A5": 0.5}}, {}, dense=dense))
    assert set(np.flatnonzero(w > 1e-12)) == {0, 5}
    forced, certificate = answered(question({"budgets": {"A0": 0.5, "A5": 0.5}}, {"min_weight": {"A3": 0.1}}, dense=dense))
    assert forced[3] == 0.1
    assert dict(certificate.claims)["budgets met"] == "relaxed by limits"


def test_what_a_quality_floor_bars_carries_no_share_and_the_rest_share_equally():
    p = question({}, {"min_quality": 5.0})
    w, _ = answered(p)
    barred = np.array([asset.quality_score == 4.0 for asset in p.universe.assets])
    assert not w[barred].any()
    assert 0 < barred.sum() < N
    kept = ~barred & ~p.universe.is_cash
    np.testing.assert_allclose(shares(p, w)[kept], 1 / kept.sum(), rtol=0, atol=1e-12)


def test_the_answer_is_the_same_without_a_start_and_by_a_conic_solver():
    p = question({}, {"max_weight": 0.09, "max_turnover": 0.06})
    form = assemble(p)
    near, far, conic = optimize(p, form=form).raw, solve(form), solve_convex(form)
    assert near is not None
    assert far.solver.startswith("log-barrier")
    np.testing.assert_allclose(far.x[: p.n], near.x[: p.n], rtol=0, atol=1e-12)
    np.testing.assert_allclose(conic.x[: p.n], near.x[: p.n], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("objective", "limits", "error", "message"),
    [
        ({"measure": "ulcer_index"}, {}, InvalidValue, "no risk budgets here"),
        ({"budgets": {"A0": -0.1}}, {}, InvalidValue, "below 0"),
        ({"budgets": {"A0": 0.0}}, {}, InvalidValue, "no budget is above zero"),
        ({"budgets": {}}, {}, InvalidValue, "names nothing"),
        ({"budgets": {"NOPE": 0.5}}, {}, InvalidValue, "names no asset"),
        ({"budgets": {"CASH": 0.5}}, {}, InvalidValue, "no risk to share"),
        ({"budgets": {"sector": {"S9": 1.0}}}, {}, InvalidValue, "names no sector"),
        ({"budgets": {"sector": {"S1": 1.0}, "A0": 1.0}}, {}, InvalidValue, "one name"),
        ({"budgets": {"A0": 0.5, "*": 0.1}}, {"min_quality": 5.0}, InvalidValue, "allow no weight in it"),
        ({"budget": {"A0": 0.5}}, {}, UnknownField, "budget"),
        ({"target_volatility": 0.0}, {}, InvalidValue, "target_volatility"),
        ({"confidence": 95}, {}, InvalidValue, "fraction"),
    ],
    ids=str,
)
def test_budgets_that_mean_nothing_are_refused_in_the_users_own_words(objective, limits, error, message):
    with pytest.raises(error, match=message):
        question(objective, limits)


def test_a_target_volatility_needs_cash():
    with pytest.raises(MissingInput, match="mixing with cash"):
        question({"target_volatility": 0.1}, {}, cash=False)


def test_an_asset_without_risk_cannot_share_it():
    p = question({}, {})
    Sigma = p.moments.Sigma.copy()
    Sigma[2], Sigma[:, 2] = 0.0, 0.0
    moments = Moments(p.universe, p.moments.mu, Covariance(Sigma=Sigma))
    with pytest.raises(DataError, match="without any risk.*A2"):
        construct(p.replaced(moments=moments))


def test_limits_that_no_portfolio_keeps_are_infeasible_and_not_a_failure():
    p = question({}, {"max_weight": 0.05, "cash": {"max": 0.02}})
    assert optimize(p).status.value == "infeasible"


def test_a_target_that_misses_its_budgets_is_refused_a_certificate():
    p = question({}, {})
    h = p.constructed().copy()
    h[0], h[1] = h[0] + 1e-4, h[1] - 1e-4
    tampered = p.replaced(target=h)
    form = assemble(tampered)
    certificate = audit(tampered, form, optimize(tampered, form=form))
    assert not certificate.certified
    assert any("misses its risk budgets" in reason for reason in certificate.reasons)


@pytest.mark.parametrize("limits", [{"max_positions": 3}, {"min_position": 0.3}], ids=["few positions", "large positions"])
def test_shares_of_the_risk_that_no_few_positions_can_have_are_refused_for_that_and_not_called_infeasible(limits):
    """Every weight with a budget is positive: fewer positions than budgets have no value, whatever the limits allow."""
    asked = {f"A{i}": 0.05 + 0.01 * i for i in range(6)}
    with pytest.raises(InvalidValue, match="gives every asset that has a budget a share of the risk"):
        portopt.optimize(
            None, {"kind": "risk_parity"}, expected_returns=asked, covariance=np.diag(np.linspace(0.02, 0.09, 6)), limits=limits
        )
