"""Limits on exposures and on factor risk: what they mean, what they refuse, and what is said when they cannot all hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from portopt import optimization
from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.exposures import exposures_of
from portopt.domain.factor_model import FactorModel
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.solution import SolveStatus
from portopt.domain.universe import CASH, Asset, Universe
from portopt.pipeline import certify, optimize
from portopt.terms.catalog import parse_limits, parse_objective

B = np.array([[0.6, 0.5], [0.9, -0.2], [1.1, 0.1], [1.4, -0.6], [0.0, 0.0]])
OMEGA = np.array([[0.0256, 0.002], [0.002, 0.01]])
D = np.array([0.02, 0.01, 0.015, 0.04, 0.0])
DURATION = (2.0, 5.0, 7.0, 12.0)


def problem(limits: dict, *, dense: bool = False, objective: str = "max_return", model: bool = True) -> Problem:
    ids = ("AAA", "BBB", "CCC", "DDD")
    assets = tuple(Asset(i, attributes={"duration": d}) for i, d in zip(ids, DURATION, strict=True))
    universe = Universe((*assets, Asset(CASH)))
    found = FactorModel.given(("MKT", "VAL"), B, OMEGA, D) if model else None
    covariance = Covariance(F=B, Omega=OMEGA, D=D)
    moments = Moments(
        universe,
        np.array([0.05, 0.06, 0.07, 0.095, 0.02]),
        Covariance(Sigma=covariance.dense()) if dense else covariance,
        factor_model=found,
    )
    return Problem(
        moments=moments,
        objective=parse_objective({"kind": objective}),
        limits=parse_limits({"budget": True, "long_only": True, **limits}),
        benchmark=np.array([0.25, 0.25, 0.25, 0.25, 0.0]),
        risk_free_rate=0.02,
        exposures=exposures_of(universe, found),
    )


def weights(p: Problem) -> np.ndarray:
    return certify(optimize(p)).weights


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("objective", ["max_return", "min_risk", "max_sharpe"])
@pytest.mark.parametrize(
    ("limits", "measure"),
    [
        ({"exposure_limits": {"MKT": [0.8, 0.95], "duration": 5.5}}, lambda w: (B[:, 0] @ w, 0.8, 0.95)),
        ({"active_exposure_limits": {"MKT": 0.05}}, lambda w: (B[:, 0] @ w - 1.0, -0.05, 0.05)),
        ({"factor_risk_limits": {"MKT": 0.1}}, lambda w: (0.16 * B[:, 0] @ w, -0.1, 0.1)),
        ({"max_systematic_volatility": 0.1}, lambda w: (np.sqrt(w @ B @ OMEGA @ B.T @ w), 0.0, 0.1)),
        ({"max_specific_volatility": 0.06}, lambda w: (np.sqrt(D @ w**2), 0.0, 0.06)),
        (
            {"max_specific_volatility": {"limit": 0.04, "active": True}},
            lambda w: (np.sqrt(D @ (w - [0.25, 0.25, 0.25, 0.25, 0.0]) ** 2), 0.0, 0.04),
        ),
    ],
    ids=["total", "active", "factor", "systematic", "specific", "active specific"],
)
def test_every_certified_answer_keeps_the_limit_by_its_own_formula(limits, measure, objective, dense):
    value, low, high = measure(weights(problem(limits, dense=dense, objective=objective)))
    assert low - 1e-9 <= value <= high + 1e-9


def test_the_highest_return_under_a_beta_cap_is_the_linear_programs():
    # Return above cash per unit of exposure: 0.05, 0.044, 0.045 and 0.054. So the last asset, as far as the cap goes, and cash.
    w = weights(problem({"exposure_limits": {"MKT": 0.7}}))
    np.testing.assert_allclose(w, [0.0, 0.0, 0.0, 0.5, 0.5], atol=1e-12)


def test_a_systematic_cap_in_factor_form_uses_the_covariances_own_columns():
    p = problem({"max_systematic_volatility": 0.1}, objective="min_risk")
    model = replace(p.moments.factor_model, B=p.moments.covariance.F, Omega=p.moments.covariance.Omega)
    shared = p.replaced(moments=replace(p.moments, factor_model=model))
    (own,), (columns,) = (optimization.assemble(q).cones for q in (p, shared))
    assert (own.B.nnz, columns.B.nnz) == (8, 2)
    np.testing.assert_allclose(weights(p), weights(shared), atol=1e-9)


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"exposure_limits": {"MKT": [1.2, None]}, "max_systematic_volatility": 0.1}, 2),
        ({"exposure_limits": {"duration": [9.0, None], "MKT": 0.9}}, 1),
        ({"exposure_limits": {"MKT": [0.9, None]}, "factor_risk_limits": {"MKT": 0.1}}, 2),
        ({"active_exposure_limits": {"MKT": 0.0}, "exposure_limits": {"MKT": 0.8}}, 2),
        ({"max_specific_volatility": 0.01, "exposure_limits": {"MKT": [0.5, None]}}, 2),
    ],
)
def test_limits_that_cannot_all_hold_are_named_and_a_tried_fix_is_offered(limits, named):
    p = problem(limits, objective="min_risk")
    answer = optimize(p)
    assert answer.solution.status is SolveStatus.INFEASIBLE
    diagnosis = answer.diagnosis
    assert {frozenset(conflict.limits) for conflict in diagnosis.conflicts} == {frozenset(limits)}
    assert len(limits) == named
    assert diagnosis.fixes
    fix = diagnosis.fixes[0]
    openings = {r.limit: r.by for r in fix.relaxations}
    opened = p.replaced(limits=tuple(x.relaxed(openings[x.kind]) if x.kind in openings else x for x in p.limits))
    assert optimize(opened).solution.status is SolveStatus.OPTIMAL


def test_a_name_nobody_knows_is_refused_with_the_known_ones():
    with pytest.raises(InvalidValue, match=r"there is no exposure 'MKTT' here; known: MKT, VAL, duration"):
        weights(problem({"exposure_limits": {"MKTT": 1.0}}))
    with pytest.raises(InvalidValue, match=r"there is no factor 'duration' here; known: MKT, VAL"):
        weights(problem({"factor_risk_limits": {"duration": 0.1}}))


def test_limits_without_exposures_or_a_model_say_what_is_missing():
    bare = problem({"exposure_limits": {"beta": 1.0}}, model=False).replaced(exposures={})
    with pytest.raises(MissingInput, match="no exposures are known to limit"):
        weights(bare)
    with pytest.raises(MissingInput, match="speaks of a factor model, and there is none"):
        weights(problem({"max_specific_volatility": 0.1}, model=False))
    with pytest.raises(MissingInput, match="benchmark"):
        weights(problem({"active_exposure_limits": {"MKT": 0.1}}).replaced(benchmark=None))


@pytest.mark.parametrize(
    ("limits", "match"),
    [
        ({"exposure_limits": {}}, "names no exposure"),
        ({"exposure_limits": 1.0}, "an object is needed"),
        ({"exposure_limits": {"beta": [1.2, 0.8]}}, "the floor is above the cap"),
        ({"exposure_limits": {"beta": [None, None]}}, "both sides are open"),
        ({"active_exposure_limits": {"beta": -0.1}}, "may not be below 0"),
        ({"factor_risk_limits": {"MKT": 12}}, "fractions are meant"),
        ({"max_systematic_volatility": 12}, "fractions are meant"),
        ({"max_specific_volatility": {"limit": 0.1, "active": 1}}, "true or false"),
    ],
)
def test_values_that_cannot_mean_anything_are_refused(limits, match):
    with pytest.raises(InvalidValue, match=match):
        parse_limits(limits)


def test_limits_are_described_for_people():
    (total, active, factor, both) = parse_limits(
        {
            "exposure_limits": {"beta": [0.8, 1.2], "duration": 5},
            "active_exposure_limits": {"MKT": 0.1, "*": 0.3},
            "factor_risk_limits": {"*": 0.05},
            "max_specific_volatility": {"limit": 0.03, "active": True},
        }
    )
    assert total.describe() == "exposure: beta between 0.8 and 1.2, duration at most 5"
    assert active.describe() == "exposure less the benchmark's: MKT within ±0.1, every other exposure within ±0.3"
    assert factor.describe() == "volatility from one factor alone: every factor within ±5.00 % a year"
    assert both.describe() == "active specific volatility at most 3.00 % a year"


def test_the_identity_of_a_problem_knows_the_factor_risk_that_a_limit_reads():
    p = problem({"max_specific_volatility": 0.1})
    louder = replace(p.moments.factor_model, D=2 * D)
    assert p.identity() != p.replaced(moments=replace(p.moments, factor_model=louder)).identity()
