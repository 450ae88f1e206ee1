"""1/n over whoever may be held, and the most diversified portfolio, against closed forms, cvxpy and skfolio."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
import pytest

import portopt
from portopt.audit.constructions import construction_claims
from portopt.dialects.strategy import read_request
from portopt.domain.errors import DataError
from portopt.optimization import assemble, solve
from portopt.optimization.prices.own_unit import OwnUnit
from portopt.questions import weights
from portopt.terms.catalog import parse_limits


def covariance(n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    F = rng.normal(size=(n, 3)) * 0.15
    return F @ F.T + np.diag(rng.uniform(0.005, 0.06, n))


def asked(Sigma: np.ndarray, objective: Any, limits: dict[str, Any] | None = None, **more: Any) -> dict[str, float]:
    ids = [f"A{i}" for i in range(len(Sigma))]
    return portopt.optimize(
        covariance=Sigma, expected_returns=dict.fromkeys(ids, 0.05), objective=objective, limits=limits or {}, **more
    ).weights


# --- 1/n ----------------------------------------------------------------------------------------------------------


def answered(limits: dict[str, Any], assets: list[dict[str, Any]], objective: Any = "1/n") -> Any:
    Sigma = np.diag([0.0 if a["id"] == "CASH" else 0.04 + 0.01 * i for i, a in enumerate(assets)])
    rows = [{"expected_return": 0.05, **asset} for asset in assets]
    doc = {"portfolio_id": "p", "strategies": rows, "objective": objective, "constraints": limits}
    return weights.optimize(read_request({**doc, "risk_parameters": {"covariance": Sigma.tolist()}}))


FIVE = [{"id": name, "quality_score": 9.0 - 2 * k} for k, name in enumerate("ABCD")] + [{"id": "CASH"}]


def test_everything_but_cash_has_the_same_weight():
    found = answered({}, FIVE)
    assert found.validated.weights.tolist() == pytest.approx([0.25] * 4 + [0.0], abs=1e-12)


@pytest.mark.parametrize(
    ("limits", "who"),
    [({"exclusions": ["B"]}, "ACD"), ({"min_quality": 5.0}, "ABC"), ({"exclusions": ["A"], "min_quality": 5.0}, "BC")],
    ids=str,
)
def test_what_a_limit_bars_does_not_count(limits, who):
    found = answered(limits, FIVE)
    assert found.validated.weights.tolist() == pytest.approx([1 / len(who) if a["id"] in who else 0.0 for a in FIVE], abs=1e-12)


def test_under_limits_it_is_the_projection_that_cvxpy_finds():
    found = answered({"max_weight": {"A": 0.1, "B": 0.15}, "cash": {"min": 0.05}}, FIVE)
    w = cp.Variable(5)
    cp.Problem(
        cp.Minimize(cp.sum_squares(w - np.array([0.25] * 4 + [0.0]))),
        [w >= 0, cp.sum(w) == 1, w[0] <= 0.1, w[1] <= 0.15, w[4] >= 0.05],
    ).solve(cp.CLARABEL)
    assert found.validated.weights == pytest.approx(w.value, abs=1e-6)


def test_by_tracking_error_it_is_the_nearest_in_risk():
    Sigma = covariance(6, 3)
    found = asked(Sigma, {"kind": "equal_weight", "nearest": "risk"}, {"max_weight": {"A0": 0.05}})
    w = cp.Variable(6)
    cp.Problem(cp.Minimize(cp.quad_form(w - 1 / 6, cp.psd_wrap(Sigma))), [w >= 0, cp.sum(w) == 1, w[0] <= 0.05]).solve(
        cp.CLARABEL
    )
    assert list(found.values()) == pytest.approx(w.value, abs=1e-5)


def test_where_nothing_may_be_held_there_is_nothing_to_weigh():
    with pytest.raises(DataError, match="no asset may be held"):
        answered({"exclusions": ["A", "B", "C", "D"]}, FIVE)


def test_the_certificate_states_who_counts_and_refuses_weights_that_are_not_equal():
    found = answered({"exclusions": ["B"]}, FIVE)
    problem, form, w = found.problem, None, found.validated.weights
    claims, refused = construction_claims(problem, form, w)
    assert dict(claims)["assets that count"] == 3.0
    assert refused == []
    for wrong in ([0.25, 0.25, 0.25, 0.25, 0.0], [0.4, 0.0, 0.3, 0.3, 0.0]):
        _, refused = construction_claims(problem.replaced(target=np.array(wrong)), form, w)
        assert "not equal" in refused[0]


# --- the most diversified -----------------------------------------------------------------------------------------


def ratio(w: np.ndarray, Sigma: np.ndarray) -> float:
    return float(np.sqrt(np.diag(Sigma)) @ w / np.sqrt(w @ Sigma @ w))


def test_without_correlations_it_is_inverse_volatility_and_the_ratio_is_the_root_of_n():
    sigma = np.array([0.1, 0.2, 0.4, 0.05])
    w = np.array(list(asked(np.diag(sigma**2), "max_diversification").values()))
    assert w == pytest.approx((1 / sigma) / (1 / sigma).sum(), abs=1e-12)
    assert ratio(w, np.diag(sigma**2)) == pytest.approx(2.0, abs=1e-12)


def test_of_two_assets_it_is_inverse_volatility_whatever_they_have_in_common():
    for rho in (-0.5, 0.0, 0.9):
        sigma = np.array([0.1, 0.3])
        Sigma = np.outer(sigma, sigma) * np.array([[1.0, rho], [rho, 1.0]])
        assert list(asked(Sigma, "mdp").values()) == pytest.approx([0.75, 0.25], abs=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_least_risk_of_the_correlations_divided_by_the_volatilities(seed):
    Sigma = covariance(12, seed)
    sigma = np.sqrt(np.diag(Sigma))
    x = cp.Variable(12)
    C = Sigma / np.outer(sigma, sigma)
    cp.Problem(cp.Minimize(cp.quad_form(x, cp.psd_wrap(C))), [x >= 0, cp.sum(x) == 1]).solve(
        cp.CLARABEL, tol_gap_abs=1e-13, tol_gap_rel=1e-13, tol_feas=1e-13
    )
    meant = (x.value / sigma) / (x.value / sigma).sum()
    w = np.array(list(asked(Sigma, "max_diversification").values()))
    assert w == pytest.approx(meant, abs=1e-6)
    assert ratio(w, Sigma) >= ratio(np.maximum(meant, 0.0), Sigma) - 1e-12


@pytest.mark.parametrize("seed", range(3))
def test_under_limits_no_portfolio_that_keeps_them_has_a_higher_ratio(seed):
    Sigma, rng = covariance(8, 10 + seed), np.random.default_rng(seed)
    w = np.array(list(asked(Sigma, "max_diversification", {"max_weight": 0.2, "min_weight": {"A0": 0.1}}).values()))
    best = ratio(w, Sigma)
    for other in rng.dirichlet(np.ones(8), 4_000):
        kept = np.clip(other, 0.0, 0.2)
        if kept.sum() < 1.0 and kept[0] >= 0.1 and np.all(kept + (1.0 - kept.sum()) / 8 <= 0.2):
            assert ratio(kept + (1.0 - kept.sum()) / 8, Sigma) <= best + 1e-9
    assert w.max() <= 0.2 + 1e-9
    assert w[0] >= 0.1 - 1e-9


def test_it_agrees_with_skfolio():
    skfolio = pytest.importorskip("skfolio.optimization")
    rng = np.random.default_rng(7)
    X = rng.multivariate_normal(np.full(6, 0.0004), covariance(6, 7) / 252, 500)
    peer = skfolio.MaximumDiversification().fit(X).weights_
    returns = {f"A{i}": X[:, i] for i in range(6)}
    estimation = portopt.ask(returns).estimation
    import dataclasses

    found = portopt.optimize(returns, "max_diversification", estimation=dataclasses.replace(estimation, covariance="sample"))
    assert list(found.weights.values()) == pytest.approx(peer, abs=1e-3)
    Sigma = np.cov(X.T)
    assert ratio(np.array(list(found.weights.values())), Sigma) >= ratio(peer, Sigma) - 1e-9


def test_its_limits_are_priced_in_its_own_ratio_by_what_solving_again_gains():
    rows = [{"id": f"A{i}", "expected_return": 0.05} for i in range(6)]
    doc = {"portfolio_id": "p", "strategies": rows, "objective": "max_diversification", "constraints": {"max_weight": 0.2}}
    found = weights.optimize(read_request({**doc, "risk_parameters": {"covariance": covariance(6, 4).tolist()}}))
    form = assemble(found.problem)
    unit = OwnUnit(found.problem, form, solve(form).x)
    assert unit.name == "diversification ratio"
    assert (
        unit.gained(solve(assemble(found.problem.replaced(limits=parse_limits({"budget": True, "long_only": True})))).x) > 1e-4
    )
