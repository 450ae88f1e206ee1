"""A soft limit is as hard whatever the objective is counted in: a year or a day, a variance or a return."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from portopt.audit import audit
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_limits, parse_objective
from portopt.terms.soft import Soft

OBJECTIVES: dict[str, dict[str, Any]] = {
    "min_risk": {"kind": "min_risk"},
    "max_sharpe": {"kind": "max_sharpe"},
    "utility": {"kind": "utility", "risk_aversion": 4.0},
    "max_return": {"kind": "max_return"},
    "tracking": {"kind": "min_tracking_error"},
    "cvar": {"kind": "min_risk", "measure": "cvar"},
}
# Each with how it counts when the clock is changed: a volatility as the root, a return as it is, a fraction not at all.
LIMITS: dict[str, tuple[Any, float]] = {
    "max_turnover": (0.05, 0.0),
    "max_weight": (0.12, 0.0),
    "sector_limits": (0.35, 0.0),
    "concentration": (0.3, 0.0),
    "top_k": (0.3, 0.0),
    "max_volatility": (0.14, 0.5),
    "max_tracking_error": (0.01, 0.5),
    "min_return": (0.13, 1.0),
}
DAY = 1.0 / 252.0


def problem(objective: str, kind: str, clock: float, penalty: float | None = None) -> Problem:
    rng = np.random.default_rng(0)
    n = 12
    F, D = rng.normal(1.0, 0.3, (n, 3)) * [1.0, 0.4, 0.3], rng.uniform(0.05, 0.2, n) ** 2
    Sigma = F @ np.diag([0.15, 0.08, 0.05]) ** 2 @ F.T + np.diag(D)
    mu = rng.uniform(0.02, 0.15, n)
    S = rng.multivariate_normal(mu / 252, Sigma / 252, 150)
    universe = Universe(tuple(Asset(f"A{i}", sector=f"S{i % 3}") for i in range(n)))
    moments = Moments(universe, clock * mu, Covariance(Sigma=clock * Sigma), scenarios=np.sqrt(clock) * S)
    level, power = LIMITS[kind]
    asked: Any = level * clock**power
    asked = {"k": 3, "weight": asked} if kind == "top_k" else {"hhi": asked**2} if kind == "concentration" else asked
    wish = {"value": asked, "soft": True, **({} if penalty is None else {"penalty": penalty})}
    limits = parse_limits({"budget": True, "long_only": True, "leverage_limit": 2.0, kind: wish})
    book, benchmark = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(n))
    return Problem(moments, parse_objective(OBJECTIVES[objective]), limits, w_prev=book, benchmark=benchmark)


def weights(p: Problem) -> np.ndarray:
    form = assemble(p)
    solution = optimize(p, form=form)
    certificate = audit(p, form, solution)
    assert certificate.certified, certificate.reasons
    assert solution.weights is not None
    return solution.weights


@pytest.mark.parametrize("kind", LIMITS)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_default_price_gives_the_same_weights_by_the_day_and_by_the_century(objective: str, kind: str) -> None:
    a_year = weights(problem(objective, kind, 1.0))
    assert weights(problem(objective, kind, DAY)) == pytest.approx(a_year, abs=1e-7)
    assert weights(problem(objective, kind, 1e4)) == pytest.approx(a_year, abs=1e-7)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_by_default_a_limit_that_can_be_kept_is_kept(objective: str) -> None:
    for kind in ("max_turnover", "max_weight", "sector_limits", "max_tracking_error"):
        for clock in (1.0, DAY, 1e4):
            p = problem(objective, kind, clock)
            assert next(limit for limit in p.limits if limit.soft).read(weights(p), p).worst() <= 1e-9 * max(1.0, clock)


def test_a_penalty_that_is_given_stands_as_it_is_in_the_objectives_unit() -> None:
    p = problem("min_risk", "max_turnover", DAY, penalty=0.02)
    soft = next(limit for limit in p.limits if isinstance(limit, Soft))
    assert soft.price(p) == 0.02


@pytest.mark.parametrize("kind", ["max_turnover", "max_weight", "sector_limits", "concentration", "min_return"])
@pytest.mark.parametrize("objective", ["min_risk", "utility", "max_return", "tracking"])
def test_a_penalty_beyond_all_reason_is_a_hard_limit(objective: str, kind: str) -> None:
    """Ten a unit beside an objective of 1e-8: seven digits are gone before a solver has begun."""
    p = problem(objective, kind, 1e-6, penalty=10.0)
    w = weights(p)
    soft = next(limit for limit in p.limits if isinstance(limit, Soft))
    assert soft.limit.read(w, p).worst() <= 1e-9
    hard = p.replaced(limits=tuple(soft.limit if limit is soft else limit for limit in p.limits))
    assert w == pytest.approx(weights(hard), abs=1e-7)
