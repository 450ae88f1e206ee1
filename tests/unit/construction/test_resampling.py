"""Resampled portfolios: the draws are the seed's, their average keeps the limits, much data leaves the plain optimum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from portopt.audit import audit
from portopt.construction import construct
from portopt.construction.resampling import resample
from portopt.domain.errors import DataError, InvalidValue, MissingInput, UnknownField
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_limits, parse_objective


def question(objective: dict[str, Any], limits: dict[str, Any] | None = None, *, scenarios: bool = True) -> Problem:
    rng = np.random.default_rng(5)
    n = 6
    F = rng.uniform(0.5, 1.5, (n, 1))
    parts = Covariance(F=F, Omega=np.array([[0.02]]), D=rng.uniform(0.01, 0.05, n))
    mu = np.append(rng.uniform(0.04, 0.12, n), 0.02)
    S = rng.multivariate_normal(mu[:n] / 252, parts.dense() / 252, size=400)
    assets = (*(Asset(f"A{i}", sector=f"S{i % 2}") for i in range(n)), Asset(CASH))
    return Problem(
        Moments(
            Universe(assets),
            mu,
            parts.embedded(n + 1, np.arange(n)),
            scenarios=np.column_stack([S, np.full(400, 0.02 / 252)]) if scenarios else None,
        ),
        parse_objective({"kind": "resampled", **objective}),
        parse_limits({"budget": True, "long_only": True, **(limits or {})}),
        w_prev=np.append(np.full(n, 1 / n), 0.0),
        risk_free_rate=0.02,
    )


SHARPE = {"of": {"kind": "max_sharpe"}, "draws": 20}


def test_the_same_seed_is_the_same_portfolio_and_another_seed_is_not():
    first, again, other = (construct(question({**SHARPE, "seed": seed})).constructed() for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-4


def test_more_draws_begin_with_the_same_draws():
    few, many = resample(question({**SHARPE, "draws": 5}), construct), resample(question({**SHARPE, "draws": 9}), construct)
    np.testing.assert_allclose(many.weights[:5], few.weights, rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", ["normal", "bootstrap"])
@pytest.mark.parametrize(
    "of", [{"kind": "max_sharpe"}, {"kind": "utility", "risk_aversion": 3.0}, {"kind": "min_risk"}], ids=str
)
def test_the_average_of_the_draws_keeps_every_limit_and_is_the_certified_answer(method, of):
    limits = {"max_weight": 0.3, "sector_limits": {"S0": 0.45}, "max_turnover": 0.4, "cash": {"max": 0.2}}
    p = construct(question({**SHARPE, "of": of, "method": method}, limits))
    form = assemble(p)
    solution = optimize(p, form=form)
    certificate = audit(p, form, solution)
    assert certificate.certified, certificate.reasons
    np.testing.assert_allclose(solution.weights, p.constructed(), rtol=0, atol=1e-12)
    assert dict(certificate.claims)["draws"] == 20
    assert all(limit.read(p.constructed(), p).worst() <= 1e-9 for limit in p.limits)


def test_much_history_a_draw_leaves_the_optimum_of_what_is_believed():
    limits, of = {"cash": {"max": 0.0}}, {"kind": "min_risk"}
    plain = optimize(question({"of": of}, limits).replaced(objective=parse_objective(of))).weights
    much = resample(question({"of": of, "draws": 2, "observations": 200_000}, limits), construct)
    little = resample(question({"of": of, "draws": 2, "observations": 60}, limits), construct)
    assert np.abs(much.weights - plain).max() < 0.01 < np.abs(little.weights - plain).max()


def test_robustness_figures_are_those_of_the_draws():
    found = resample(question(SHARPE), construct)
    np.testing.assert_allclose(found.mean, found.weights.mean(axis=0), rtol=0, atol=0)
    np.testing.assert_allclose(found.deviation, np.std(found.weights, axis=0, ddof=1), rtol=0, atol=1e-15)
    low, high = found.quantiles(0.05, 0.95)
    assert (low <= found.mean + 1e-12).all()
    assert (found.mean <= high + 1e-12).all()
    assert 0.0 < found.turnover < 1.0
    assert found.skipped == 0


def test_draws_without_an_optimum_are_skipped_and_too_few_are_an_error():
    some = resample(question({**SHARPE, "of": {"kind": "min_risk"}}, {"min_return": 0.08}), construct)
    assert 0 < some.skipped < 10
    with pytest.raises(DataError, match="draws have an optimum"):
        resample(question({**SHARPE, "of": {"kind": "min_risk"}}, {"min_return": 0.6}), construct)


def test_risk_budgets_can_be_resampled():
    p = construct(question({"of": {"kind": "risk_parity"}, "draws": 5}))
    assert p.constructed()[-1] == pytest.approx(0.0, abs=1e-15)
    assert p.constructed().sum() == pytest.approx(1.0, abs=1e-14)


def test_without_scenarios_the_number_of_observations_must_be_said():
    with pytest.raises(MissingInput, match="how many observations"):
        construct(question(SHARPE, scenarios=False))
    assert construct(question({**SHARPE, "observations": 250}, scenarios=False)).target is not None


@pytest.mark.parametrize(
    ("objective", "error", "message"),
    [
        ({}, MissingInput, "needs 'of'"),
        ({"of": {"kind": "resampled"}}, InvalidValue, "resampled already"),
        ({"of": {"kind": "max_sharp"}}, UnknownField, "max_sharp"),
        ({"of": {"kind": "max_sharpe"}, "draws": 1}, InvalidValue, "draws"),
        ({"of": {"kind": "max_sharpe"}, "seed": 0.5}, InvalidValue, "whole number"),
        ({"of": {"kind": "max_sharpe"}, "method": "jackknife"}, InvalidValue, "normal, bootstrap"),
    ],
    ids=str,
)
def test_options_of_resampling_that_mean_nothing_are_refused(objective, error, message):
    with pytest.raises(error, match=message):
        parse_objective({"kind": "resampled", **objective})
