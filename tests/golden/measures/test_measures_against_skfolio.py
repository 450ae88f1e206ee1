"""skfolio's measures and its mean-risk optimizer, to the tolerance of the solver behind it."""

from __future__ import annotations

import numpy as np
import pytest

from portopt.terms.risk_measures.catalog import parse_measure

TIGHT = {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10}
T = 756
SAME = {
    "mad": "mean_absolute_deviation",
    "var": "value_at_risk",
    "cvar": "cvar",
    "evar": "evar",
    "worst_realization": "worst_realization",
}
DRAWDOWNS = {
    "max_drawdown": "max_drawdown",
    "average_drawdown": "average_drawdown",
    "cdar": "cdar",
    "ulcer_index": "ulcer_index",
}
# Theirs over ours: a semivariance divided by T - 1, pairs of different scenarios only.
RATIO = {
    "semideviation": ("semi_deviation", np.sqrt(T / (T - 1))),
    "gini_mean_difference": ("gini_mean_difference", T / (T - 1)),
}
OPTIMIZED = {
    "semideviation": "SEMI_DEVIATION",
    "mad": "MEAN_ABSOLUTE_DEVIATION",
    "cvar": "CVAR",
    "evar": "EVAR",
    "worst_realization": "WORST_REALIZATION",
    "max_drawdown": "MAX_DRAWDOWN",
    "average_drawdown": "AVERAGE_DRAWDOWN",
    "cdar": "CDAR",
    "ulcer_index": "ULCER_INDEX",
}


@pytest.fixture(scope="module")
def portfolio(pose):
    problem = pose({"kind": "min_risk"})
    return problem, np.random.default_rng(1).dirichlet(np.ones(problem.n))


@pytest.mark.parametrize("kind", [*SAME, *DRAWDOWNS, *RATIO])
def test_the_same_portfolio_measures_the_same(kind, portfolio):
    import skfolio.measures as theirs

    problem, w = portfolio
    returns = problem.moments.scenarios @ w
    name, ratio = RATIO.get(kind, (SAME.get(kind) or DRAWDOWNS.get(kind), 1.0))
    read = theirs.get_drawdowns(returns, compounded=False) if kind in DRAWDOWNS else returns
    ours = parse_measure("test", kind, {}).value(w, problem)
    assert float(getattr(theirs, name)(read)) == pytest.approx(ratio * ours, rel=1e-10)


@pytest.mark.parametrize("kind", OPTIMIZED)
def test_the_least_risk_is_the_same_and_ours_is_never_above(kind, sample, pose, answer):
    from skfolio import RiskMeasure
    from skfolio.optimization import MeanRisk

    measure = getattr(RiskMeasure, OPTIMIZED[kind])
    peer = MeanRisk(risk_measure=measure, solver="CLARABEL", solver_params=TIGHT).fit(sample[1])
    problem = pose({"kind": "min_risk", "measure": kind})
    w, _ = answer(problem)
    ours, theirs = (problem.objective.risk.value(np.asarray(v), problem) for v in (w, peer.weights_))
    assert ours <= theirs + 1e-12
    assert theirs == pytest.approx(ours, rel=2e-8)
    np.testing.assert_allclose(w, peer.weights_, atol=3e-5)
