"""Assets and portfolios without any risk: refused by name where a method divides by it, answered where it does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import few_days

import portopt
from portopt.audit import audit
from portopt.construction import construct
from portopt.domain.errors import DataError
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.optimization.ratio.best_ratio import RisklessExcess
from portopt.terms.catalog import parse_limits, parse_objective

# Three assets, the last of no variance: a peg.
PEGGED = np.diag([0.04, 0.09, 0.0])


def problem(objective: dict[str, Any], moments: Moments, **limits: Any) -> Problem:
    n = len(moments.universe)
    benchmark = np.random.default_rng(1).dirichlet(np.ones(n))
    terms = parse_limits({"budget": True, "long_only": True, **limits})
    return construct(Problem(moments, parse_objective(objective), terms, w_prev=benchmark, benchmark=benchmark))


def of(Sigma: np.ndarray, names: list[str], S: np.ndarray | None = None) -> Moments:
    universe = Universe(tuple(Asset(name) for name in names))
    return Moments(universe, np.linspace(0.02, 0.1, len(names)), Covariance(Sigma=Sigma), scenarios=S)


@pytest.mark.parametrize("variant", ["hrp", "herc", "nco"])
def test_an_asset_of_no_variance_is_refused_by_name_as_risk_parity_does(variant: str) -> None:
    moments = of(PEGGED, ["A", "B", "PEG"])
    with pytest.raises(DataError, match="without any risk.*PEG") as refused:
        problem({"kind": "hierarchical", "variant": variant}, moments)
    assert any("exclu" in fix for fix in refused.value.fixes)
    with pytest.raises(DataError, match="without any risk.*PEG"):
        problem({"kind": "risk_parity"}, moments)


@pytest.mark.parametrize("variant", ["hrp", "herc", "nco"])
def test_excluded_it_is_no_part_of_the_tree(variant: str) -> None:
    p = problem({"kind": "hierarchical", "variant": variant}, of(PEGGED, ["A", "B", "PEG"]), exclusions=["PEG"])
    form = assemble(p)
    solution = optimize(p, form=form)
    assert audit(p, form, solution).certified
    assert solution.weights == pytest.approx([0.09 / 0.13, 0.04 / 0.13, 0.0], abs=1e-12)


SAMPLE = EstimationChoice(covariance="sample", lookback=None, min_observations=2)


def test_equal_shares_of_a_covariance_of_rank_nine_are_refused_with_the_rank() -> None:
    with pytest.raises(DataError, match="60 assets has rank 9") as refused:
        portopt.optimize(few_days(), "risk_parity", estimation=SAMPLE)
    assert refused.value.exit_code == 4
    assert refused.value.measured == {"rank": 9, "assets": 60}
    assert any("ledoit_wolf" in fix for fix in refused.value.fixes)


def test_the_fix_that_is_named_for_a_singular_covariance_works() -> None:
    shrunk = EstimationChoice(covariance="ledoit_wolf", lookback=None, min_observations=2)
    weights = portopt.optimize(few_days(), "risk_parity", estimation=shrunk).weights
    assert len(weights) == 60


def test_the_least_variance_of_more_assets_than_days_is_answered() -> None:
    answer = portopt.optimize(few_days(), {"kind": "min_risk"}, estimation=SAMPLE)
    assert sum(answer.weights.values()) == pytest.approx(1.0, abs=1e-12)


def hedged() -> Moments:
    """Two assets that undo each other, and four more."""
    S = np.random.default_rng(0).normal(0.0, 0.01, (100, 6))
    S[:, 1] = 0.0001 - S[:, 0]
    return of(252 * np.cov(S.T), [f"A{i}" for i in range(6)], S)


MEASURES = ["volatility", "semideviation", "mad", "ulcer_index", "cvar", "worst_realization"]
NOTHING: list[dict[str, Any]] = [
    {},
    {"max_volatility": 0.0},
    {"max_volatility": 1e-6},
    {"max_risk": {"volatility": 0.0}},
    {"max_risk": {"mad": 0.0}},
    {"max_risk": {"semideviation": 0.0}},
]


@pytest.mark.parametrize("limits", NOTHING)
@pytest.mark.parametrize("measure", MEASURES)
def test_a_hedged_pair_is_the_least_risk_by_every_measure(measure: str, limits: dict[str, Any]) -> None:
    p = problem({"kind": "min_risk", "measure": measure}, hedged(), **limits)
    form = assemble(p)
    solution = optimize(p, form=form)
    certificate = audit(p, form, solution)
    assert certificate.certified, certificate.reasons
    assert certificate.objective <= 1e-12


@pytest.mark.parametrize("limits", NOTHING[1:])
@pytest.mark.parametrize("objective", ["max_return", "min_risk", "min_tracking_error"])
def test_no_risk_allowed_is_a_portfolio_without_risk(objective: str, limits: dict[str, Any]) -> None:
    p = problem({"kind": objective}, hedged(), **limits)
    form = assemble(p)
    solution = optimize(p, form=form)
    assert audit(p, form, solution).certified
    assert solution.weights is not None
    assert p.moments.covariance.volatility(solution.weights) <= 2e-6


@pytest.mark.parametrize("objective", ["min_risk", "max_return", "min_tracking_error"])
def test_no_tracking_error_allowed_is_the_index(objective: str) -> None:
    p = problem({"kind": objective}, hedged(), max_tracking_error={"limit": 0.0})
    form = assemble(p)
    solution = optimize(p, form=form)
    assert audit(p, form, solution).certified
    assert p.benchmark is not None
    assert solution.weights is not None
    assert p.moments.covariance.volatility(solution.weights - p.benchmark) <= 1e-9


def test_a_ratio_of_a_riskless_excess_keeps_its_own_refusal() -> None:
    p = problem({"kind": "max_sharpe"}, hedged())
    with pytest.raises(RisklessExcess):
        optimize(p)
