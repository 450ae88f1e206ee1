"""PyPortfolioOpt's three scenario optimizers, to the tolerance of the solver behind them."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="module")
def frames(sample):
    import pandas as pd

    ids, R = sample
    return pd.Series(R.mean(0) * 252, index=ids), pd.DataFrame(R, columns=ids)


def test_cvar_agrees(frames, pose, answer):
    from pypfopt import EfficientCVaR

    peer = EfficientCVaR(*frames, beta=0.95, solver="CLARABEL")
    peer.min_cvar()
    problem = pose({"kind": "min_risk", "measure": "cvar"})
    w, certificate = answer(problem)
    theirs = problem.objective.risk.value(np.asarray(peer.weights), problem)
    assert certificate.objective == pytest.approx(theirs, rel=1e-7)
    assert certificate.objective <= theirs + 1e-12
    np.testing.assert_allclose(w, peer.weights, atol=1e-5)


def test_cdar_agrees(frames, pose, answer):
    from pypfopt import EfficientCDaR

    peer = EfficientCDaR(*frames, beta=0.95, solver="CLARABEL")
    peer.min_cdar()
    problem = pose({"kind": "min_risk", "measure": "cdar"})
    w, certificate = answer(problem)
    theirs = problem.objective.risk.value(np.asarray(peer.weights), problem)
    assert certificate.objective == pytest.approx(theirs, rel=1e-7)
    np.testing.assert_allclose(w, peer.weights, atol=1e-5)


def test_semivariance_below_zero_agrees(frames, pose, answer):
    """Theirs is annual and below a benchmark return a period: semideviation below that target, times sqrt(252)."""
    from pypfopt import EfficientSemivariance

    peer = EfficientSemivariance(*frames, benchmark=0, solver="CLARABEL")
    peer.min_semivariance()
    problem = pose({"kind": "min_risk", "measure": "semideviation", "target": 0.0})
    w, _ = answer(problem)
    ours, theirs = (problem.objective.risk.value(np.asarray(v), problem) for v in (w, peer.weights))
    assert ours <= theirs + 1e-12
    assert theirs == pytest.approx(ours, rel=2e-6)
    assert peer.portfolio_performance()[1] / np.sqrt(252) == pytest.approx(theirs, rel=1e-12)


def test_the_best_return_at_a_cvar_agrees(frames, pose, answer):
    from pypfopt import EfficientCVaR

    peer = EfficientCVaR(*frames, beta=0.95, solver="CLARABEL")
    peer.efficient_risk(0.03)
    _, certificate = answer(pose({"kind": "max_return"}, {"max_risk": {"cvar": 0.03}}))
    assert certificate.objective == pytest.approx(float(frames[0] @ peer.weights), rel=1e-5)
