"""Factor risk budgets: exact in the space of exposures, carried with the least specific risk, kept by limits as they can be."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.analysis.factors import factor_analysis
from portopt.construction import construct
from portopt.construction.factor_budgets import budget_exposures
from portopt.domain.errors import DataError, InvalidValue, MissingInput
from portopt.domain.factor_model import FactorModel
from portopt.domain.moments import Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Universe
from portopt.pipeline import certify, optimize
from portopt.terms.catalog import parse_limits, parse_objective

NAMES = ("MKT", "SMB", "HML")


def problem(budgets: dict, *, n: int = 10, cash: bool = False, objective: dict | None = None, **limits) -> Problem:
    rng = np.random.default_rng(12)
    B = np.column_stack([rng.uniform(0.6, 1.4, n), rng.normal(0.2, 0.6, (n, 2))])
    L = rng.normal(size=(3, 3)) * 0.05 + 0.12 * np.eye(3)
    D = rng.uniform(0.01, 0.06, n)
    ids = [f"A{i}" for i in range(n)]
    if cash:
        B, D, ids = np.vstack([B, np.zeros(3)]), np.append(D, 0.0), [*ids, CASH]
    model = FactorModel.given(NAMES, B, L @ L.T, D)
    moments = Moments(Universe.of(ids), np.zeros(len(D)), model.covariance, factor_model=model)
    spec = {"kind": "factor_risk_budget", "budgets": budgets, **(objective or {})}
    return Problem(moments, parse_objective(spec), parse_limits({"budget": True, **limits}))


def shares(p: Problem, w: np.ndarray) -> np.ndarray:
    model = p.moments.factor_model
    y = model.exposures(w)
    return y * (model.Omega @ y) / (y @ model.Omega @ y)


@pytest.mark.parametrize("budgets", [{"MKT": 0.6, "SMB": 0.2, "HML": 0.2}, {"*": 1.0}, {"MKT": 3, "HML": 1}])
@pytest.mark.parametrize("cash", [False, True])
def test_without_binding_limits_the_certified_answer_has_exactly_the_budgets(budgets, cash):
    p = construct(problem(budgets, cash=cash))
    w = certify(optimize(p)).weights
    wanted = np.array([budgets.get(name, budgets.get("*", 0.0)) for name in NAMES], dtype=float)
    np.testing.assert_allclose(shares(p, w), wanted / wanted.sum(), atol=1e-10)
    assert (p.moments.factor_model.exposures(w)[wanted > 0] > 0).all()
    assert w.sum() == pytest.approx(1.0, abs=1e-14)


def test_a_negative_share_is_taken_by_a_short_exposure():
    p = construct(problem({"MKT": 0.7, "HML": -0.3}))
    y = p.moments.factor_model.exposures(p.target)
    np.testing.assert_allclose(shares(p, p.target), [0.7, 0.0, 0.3], atol=1e-10)
    assert y[0] > 0 > y[2]
    assert y[1] == pytest.approx(0.0, abs=1e-12)


def test_the_exposures_are_those_of_a_risk_budget_with_the_factors_for_assets():
    model = problem({"*": 1.0}).moments.factor_model
    y = budget_exposures(model, np.array([0.5, 0.3, 0.2]))
    np.testing.assert_allclose(y * (model.Omega @ y), [0.5, 0.3, 0.2], atol=1e-12)


def test_no_other_portfolio_with_the_same_exposures_has_less_specific_risk_and_no_scale_less_variance():
    p = construct(problem({"*": 1.0}))
    model, w = p.moments.factor_model, p.target
    C = np.vstack([model.B.T, np.ones(p.n)])
    null = np.linalg.svd(C)[2][4:]
    assert np.abs(null @ (model.D * w)).max() < 1e-12  # no direction that keeps exposures and sum lowers w'Dw
    y = model.exposures(w)
    for scale in (0.99, 1.01):
        lam = np.linalg.solve((C / model.D) @ C.T, np.append(scale * y, 1.0))
        other = (C.T @ lam) / model.D
        assert model.covariance.variance(other) > model.covariance.variance(w)


def test_long_only_gives_the_nearest_portfolio_and_the_analysis_says_how_the_shares_came_out():
    p = construct(problem({"*": 1.0}, long_only=True))
    assert p.target.min() < 0
    w = certify(optimize(p)).weights
    assert w.min() >= 0
    found = factor_analysis(p.moments.factor_model, w)
    systematic = np.array([line.contribution for line in found.attribution[:3]])
    np.testing.assert_allclose(systematic / systematic.sum(), shares(p, w), atol=1e-12)
    plain = construct(problem({"*": 1.0}, objective={"nearest": "weights"}, long_only=True))
    by_weights = certify(optimize(plain)).weights
    active = p.moments.covariance.volatility
    assert active(w - p.target) <= active(by_weights - p.target) + 1e-12


def test_what_cannot_be_budgeted_is_told():
    with pytest.raises(InvalidValue, match="there is no factor 'VAL' here; known: HML, MKT, SMB"):
        construct(problem({"VAL": 1.0}))
    with pytest.raises(DataError, match="exposures of 2 assets cannot be set factor by factor"):
        construct(problem({"*": 1.0}, n=2))
    with pytest.raises(DataError, match="the opposite exposures"):
        construct(problem({"MKT": -1.0}))
    with pytest.raises(InvalidValue, match="gives no factor a share"):
        problem({"MKT": 0.0})
    p = problem({"*": 1.0})
    bare = p.replaced(moments=Moments(p.universe, p.moments.mu, p.moments.covariance))
    with pytest.raises(MissingInput, match="speaks of a factor model"):
        construct(bare)
