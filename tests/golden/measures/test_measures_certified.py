"""Every measure minimized and limited on the sample, with its certificate; limits that cannot hold, diagnosed."""

from __future__ import annotations

import numpy as np
import pytest

from portopt import pipeline
from portopt.domain.solution import SolveStatus
from portopt.optimization import assemble, solve
from portopt.terms.risk_measures.catalog import parse_measure

# What was found, and what Riskfolio-Lib, skfolio or PyPortfolioOpt find to the tolerance of their solvers.
LEAST = {
    "semideviation": 0.008316005759473,
    "mad": 0.007646535223103,
    "cvar": 0.026836334076115,
    "evar": 0.041626624030873,
    "worst_realization": 0.056074047463722,
    "max_drawdown": 0.125019670421670,
    "average_drawdown": 0.020481490358595,
    "cdar": 0.095362649778674,
    "ulcer_index": 0.033724780879200,
}


@pytest.mark.parametrize("kind", LEAST)
def test_the_least_risk_is_certified(kind, pose, answer):
    problem = pose({"kind": "min_risk", "measure": kind})
    w, certificate = answer(problem)
    assert certificate.certified, certificate.reasons
    assert certificate.relative_gap <= 1e-9
    assert certificate.worst_violation == 0.0
    assert parse_measure("test", kind, {}).value(w, problem) == pytest.approx(LEAST[kind], rel=1e-9)


def test_the_least_gini_mean_difference_of_half_a_year_is_certified(pose, answer):
    problem = pose({"kind": "min_risk", "measure": "gini_mean_difference"}, days=200)
    w, certificate = answer(problem)
    assert certificate.certified, certificate.reasons
    assert certificate.objective == pytest.approx(problem.objective.risk.value(w, problem), rel=1e-12)


@pytest.mark.parametrize("kind", LEAST)
def test_the_best_return_under_a_limit_is_certified_and_uses_all_of_it(kind, pose, answer):
    limit = 1.25 * LEAST[kind]
    _, certificate = answer(pose({"kind": "max_return"}, {"max_risk": {kind: limit}}))
    assert certificate.certified, certificate.reasons
    measured = next(reading for reading in certificate.readings if reading.limit == "max_risk").measured[0]
    assert measured == pytest.approx(limit, rel=1e-9)


def test_several_limits_on_risk_hold_together(pose, answer):
    limits = {"cvar": {"limit": 0.03, "confidence": 0.95}, "semideviation": 0.0095, "max_drawdown": 0.2, "volatility": 0.25}
    _, certificate = answer(pose({"kind": "max_sharpe"}, {"max_risk": limits}))
    assert certificate.certified, certificate.reasons


@pytest.mark.parametrize("kind", ["semideviation", "mad", "cvar", "cdar", "evar"])
def test_utility_prices_any_measure(kind, pose, answer):
    greedy, cautious = (pose({"kind": "utility", "risk_aversion": gamma, "measure": kind}) for gamma in (1.0, 20_000.0))
    (w, first), (v, second) = answer(greedy), answer(cautious)
    assert first.certified, first.reasons
    assert second.certified, second.reasons
    measure = parse_measure("test", kind, {})
    assert measure.value(v, cautious) < measure.value(w, greedy)


def test_a_longer_horizon_and_a_target_are_certified(pose, answer):
    for options in ({"measure": "cvar", "horizon": 10, "confidence": 0.9}, {"measure": "semideviation", "target": 0.0}):
        _, certificate = answer(pose({"kind": "min_risk", **options}))
        assert certificate.certified, certificate.reasons


def test_the_least_var_is_no_worse_than_what_a_search_of_subsets_finds(pose, answer):
    """Leaving out k scenarios and taking the worst of the rest: the least VaR is the best choice of the k, tried one by one."""
    problem = pose({"kind": "min_risk", "measure": "var", "confidence": 0.97}, {"max_weight": 0.3}, days=40)
    w, certificate = answer(problem)
    assert certificate.certified, certificate.reasons
    assert certificate.mip_gap is not None
    assert certificate.mip_gap <= 1e-4
    R = problem.moments.scenarios
    best = np.inf
    for left_out in range(len(R)):  # 1 - 0.97 of forty scenarios is one and a fifth: one may be left out
        rest = problem.replaced(
            moments=type(problem.moments)(
                problem.universe, problem.moments.mu, problem.moments.covariance, scenarios=np.delete(R, left_out, axis=0)
            ),
            objective=pose({"kind": "min_risk", "measure": "worst_realization"}).objective,
        )
        raw = solve(assemble(rest))
        best = min(best, rest.objective.value(raw.x[: rest.n], rest))
    assert certificate.objective == pytest.approx(best, rel=1e-7)
    assert certificate.objective == problem.objective.risk.value(w, problem)


@pytest.mark.parametrize("kind", ["cvar", "mad", "worst_realization", "max_drawdown", "ulcer_index"])
def test_a_limit_below_the_least_risk_is_diagnosed_with_a_fix_that_was_solved(kind, pose):
    problem = pose({"kind": "max_return"}, {"max_risk": {kind: 0.9 * LEAST[kind]}, "max_weight": 0.5})
    found = pipeline.optimize(problem)
    assert found.solution.status is SolveStatus.INFEASIBLE
    assert [conflict.limits for conflict in found.diagnosis.conflicts] == [("max_risk",)]
    (fix,) = found.diagnosis.fixes
    assert fix.verified
    (opening,) = fix.relaxations
    assert opening.limit == "max_risk"
    assert opening.by == pytest.approx(0.1 * LEAST[kind], rel=0.05)


def test_a_return_that_the_risk_forbids_names_both(pose):
    found = pipeline.optimize(pose({"kind": "max_sharpe"}, {"max_risk": {"cvar": 0.028}, "min_return": 0.4}))
    assert [set(conflict.limits) for conflict in found.diagnosis.conflicts] == [{"max_risk", "min_return"}]
    assert all(fix.verified for fix in found.diagnosis.fixes)
    assert "the risk cvar is at least" in found.diagnosis.conflicts[0].reason


def test_a_soft_limit_is_missed_at_its_price_only_where_it_must_be(pose, answer):
    kept, _ = answer(pose({"kind": "max_return"}, {"max_risk": {"cvar": 0.03, "soft": True, "penalty": 100.0}}))
    hard, _ = answer(pose({"kind": "max_return"}, {"max_risk": {"cvar": 0.03}}))
    np.testing.assert_allclose(kept, hard, atol=1e-9)
    _, certificate = answer(pose({"kind": "max_return"}, {"max_risk": {"cvar": 0.02, "soft": True, "penalty": 100.0}}))
    assert certificate.certified, certificate.reasons
    assert dict(certificate.shortfalls)["max_risk"] > 0.006


def test_the_price_of_a_risk_limit_is_what_the_next_bit_of_it_buys(pose, answer):
    from portopt.optimization import optimize, shadow_prices

    problem = pose({"kind": "max_return"}, {"max_risk": {"cvar": 0.03}})
    form = assemble(problem)
    prices = shadow_prices(problem, form, optimize(problem, form=form).raw)
    (price,) = [price for price in prices if price.limit == "max_risk"]
    _, before = answer(problem)
    _, after = answer(pose({"kind": "max_return"}, {"max_risk": {"cvar": 0.03 + 1e-6}}))
    assert (after.objective - before.objective) / 1e-6 == pytest.approx(-price.multiplier, rel=1e-3)


def test_a_risk_limit_and_a_tracking_error_that_cannot_meet_are_told_together(pose):
    """Both are curved: the portfolio nearest to the benchmark alone says nothing about the other."""
    problem = pose({"kind": "min_risk"}, {"max_risk": {"semideviation": 0.0086}, "max_tracking_error": 0.03})
    problem = problem.replaced(benchmark=np.full(problem.n, 1.0 / problem.n))
    found = pipeline.optimize(problem)
    assert found.solution.status is SolveStatus.INFEASIBLE
    assert [set(conflict.limits) for conflict in found.diagnosis.conflicts] == [{"max_risk", "max_tracking_error"}]
    assert found.diagnosis.fixes
    assert all(fix.verified for fix in found.diagnosis.fixes)
