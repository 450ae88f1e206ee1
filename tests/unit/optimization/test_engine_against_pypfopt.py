"""Agreement with PyPortfolioOpt where both speak of the same problem."""

import numpy as np
import pytest
from pypfopt import EfficientFrontier

from portopt.optimization import optimize

CAPPED = {"budget": True, "long_only": True, "max_weight": 0.2}


def test_minimum_volatility_agrees(market):
    p = market(seed=21, assets=20, limits=CAPPED)
    theirs = EfficientFrontier(p.moments.mu, p.moments.Sigma, weight_bounds=(0, 0.2))
    theirs.min_volatility()
    ours = optimize(p).weights
    assert ours == pytest.approx(theirs.weights, abs=1e-3)  # theirs stops at the solver's default
    assert ours @ p.moments.Sigma @ ours <= theirs.weights @ p.moments.Sigma @ theirs.weights + 1e-12


def test_the_maximum_sharpe_ratio_is_no_worse_and_the_weights_agree(market):
    p = market(seed=22, assets=20, objective="max_sharpe", limits=CAPPED, risk_free_rate=0.02)
    theirs = EfficientFrontier(p.moments.mu, p.moments.Sigma, weight_bounds=(0, 0.2))
    theirs.max_sharpe(risk_free_rate=0.02)
    w = optimize(p).weights
    assert w == pytest.approx(theirs.weights, abs=1e-3)

    def sharpe(v):
        return (p.moments.mu @ v - 0.02) / np.sqrt(v @ p.moments.Sigma @ v)

    assert sharpe(w) >= sharpe(theirs.weights) - 1e-12
