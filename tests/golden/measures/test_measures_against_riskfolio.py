"""Riskfolio-Lib's measures and its classic optimizer, to the tolerance of the solver behind it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from portopt.terms.risk_measures.catalog import parse_measure

T = 756
FUNCTIONS = {
    "mad": ("MAD", 1.0),
    "semideviation": ("SemiDeviation", np.sqrt(T / (T - 1))),  # theirs divides the square by T - 1
    "gini_mean_difference": ("GMD", T / (T - 1)),  # theirs is the mean over pairs of different scenarios
    "var": ("VaR_Hist", 1.0),
    "cvar": ("CVaR_Hist", 1.0),
    "evar": ("EVaR_Hist", 1.0),
    "worst_realization": ("WR", 1.0),
    "max_drawdown": ("MDD_Abs", 1.0),
    "average_drawdown": ("ADD_Abs", 1.0),
    "cdar": ("CDaR_Abs", 1.0),
    "ulcer_index": ("UCI_Abs", 1.0),
}
OPTIMIZED = {
    "semideviation": "MSV",
    "mad": "MAD",
    "cvar": "CVaR",
    "evar": "EVaR",
    "worst_realization": "WR",
    "max_drawdown": "MDD",
    "average_drawdown": "ADD",
    "cdar": "CDaR",
    "ulcer_index": "UCI",
}


@pytest.fixture(scope="module")
def peer(sample):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        import riskfolio

        ids, R = sample
        book = riskfolio.Portfolio(returns=pd.DataFrame(R, columns=ids))
        book.assets_stats(method_mu="hist", method_cov="hist")
    book.solvers = ["CLARABEL"]
    book.sol_params = {"CLARABEL": {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10}}
    return book


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_the_same_portfolio_measures_the_same(kind, peer, pose):
    import riskfolio.src.RiskFunctions as theirs

    problem = pose({"kind": "min_risk"})
    w = np.random.default_rng(1).dirichlet(np.ones(problem.n))
    name, ratio = FUNCTIONS[kind]
    said = getattr(theirs, name)((problem.moments.scenarios @ w).reshape(-1, 1))
    value = float(np.squeeze(said[0] if isinstance(said, tuple) else said))
    assert value == pytest.approx(ratio * parse_measure("test", kind, {}).value(w, problem), rel=1e-9)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", OPTIMIZED)
def test_the_least_risk_is_the_same_and_ours_is_never_above(kind, peer, pose, answer):
    found = peer.optimization(model="Classic", rm=OPTIMIZED[kind], obj="MinRisk", hist=True)
    problem = pose({"kind": "min_risk", "measure": kind})
    w, _ = answer(problem)
    ours, theirs = (problem.objective.risk.value(np.asarray(v), problem) for v in (w, found.to_numpy().ravel()))
    assert ours <= theirs + 1e-12
    assert theirs == pytest.approx(ours, rel=2e-8)
    np.testing.assert_allclose(w, found.to_numpy().ravel(), atol=3e-5)
