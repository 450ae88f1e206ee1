"""What no answer may depend on: the order of the assets, the unit of returns, whether a holding bears one name or two."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from portopt import audit, optimization
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Universe
from portopt.terms.catalog import parse_limits, parse_objective

N, T, RF = 8, 250, 0.02
OBJECTIVES = [
    {"kind": "min_risk"},
    {"kind": "utility", "risk_aversion": 3.0},
    {"kind": "max_sharpe"},
    {"kind": "min_risk", "measure": "cvar", "confidence": 0.9},
]


def market(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    S = 0.004 * rng.normal(size=(T, 2)) @ rng.normal(size=(2, N)) + rng.uniform(0.004, 0.012, N) * rng.normal(size=(T, N))
    return RF + rng.uniform(0.01, 0.12, N), 252 * np.cov(S.T), S


def weights(
    objective: dict[str, Any], mu: np.ndarray, Sigma: np.ndarray, S: np.ndarray, *, rf: float = RF, cap: float = 1.0
) -> np.ndarray:
    """Certified, so that what is compared are optima."""
    universe = Universe.of([f"A{i}" for i in range(len(mu))])
    limits = parse_limits({"budget": True, "long_only": True, "max_weight": cap})
    moments = Moments(universe, mu, Covariance(Sigma=Sigma), scenarios=S)
    p = Problem(moments, parse_objective(objective), limits, risk_free_rate=rf)
    form = optimization.assemble(p)
    return audit.certify(p, form, optimization.optimize(p, form=form)).weights


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_the_order_of_the_assets_does_not_matter(objective: dict[str, Any], seed: int) -> None:
    mu, Sigma, S = market(seed)
    order = np.random.default_rng(100 + seed).permutation(N)
    plain = weights(objective, mu, Sigma, S, cap=0.3)
    moved = weights(objective, mu[order], Sigma[np.ix_(order, order)], S[:, order], cap=0.3)
    np.testing.assert_allclose(moved, plain[order], rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("unit", [1e-2, 0.5, 12.0])
def test_the_best_ratio_does_not_move_when_returns_and_the_risk_free_rate_change_their_unit(unit: float, seed: int) -> None:
    mu, Sigma, S = market(seed)
    plain = weights({"kind": "max_sharpe"}, mu, Sigma, S, cap=0.4)
    scaled = weights({"kind": "max_sharpe"}, unit * mu, unit**2 * Sigma, unit * S, rf=unit * RF, cap=0.4)
    np.testing.assert_allclose(scaled, plain, rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_an_asset_under_two_names_is_held_as_much_as_under_one(objective: dict[str, Any], seed: int) -> None:
    mu, Sigma, S = market(seed)
    twice = np.append(np.arange(N), seed)
    plain = weights(objective, mu, Sigma, S)
    split = weights(objective, mu[twice], Sigma[np.ix_(twice, twice)], S[:, twice])
    together = split[:N].copy()
    together[seed] += split[N]
    np.testing.assert_allclose(together, plain, rtol=0, atol=1e-8)
