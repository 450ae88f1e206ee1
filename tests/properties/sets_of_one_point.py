"""Problems whose limits leave one portfolio, or as good as one: a convex limit at the least value the others allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.universe import Asset, Universe
from portopt.optimization import optimize
from portopt.terms.catalog import parse_limits, parse_objective

OBJECTIVES: dict[str, dict[str, Any]] = {
    "max_return": {"kind": "max_return"},
    "max_sharpe": {"kind": "max_sharpe"},
    "utility": {"kind": "utility", "risk_aversion": 4.0},
    "least_cvar": {"kind": "min_risk", "measure": "cvar", "confidence": 0.9},
    "least_mad": {"kind": "min_risk", "measure": "mad"},
    "least_variance": {"kind": "min_risk"},
    "tracking": {"kind": "min_tracking_error"},
}

# Limits that leave room for the touching one.
OTHERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "capped": {"max_weight": 0.5},
    "sectors": {"max_weight": 0.6, "sector_limits": {"S0": [0.1, 0.6], "S1": 0.7}},
    "turnover": {"max_turnover": 0.3},
    "return": {"min_return": 0.06},
}


CURVED = (
    "max_volatility",
    "max_tracking_error",
    "concentration",
    "custom",
    "volatility",
    "semideviation",
    "below_target",
    "ulcer_index",
)
LINEAR = ("cvar", "mad", "worst_realization")


@dataclass(frozen=True, slots=True)
class Touching:
    """A limit at its least. least: the problem whose answer has it; limit: its spelling at a bound; of: what it measures."""

    least: Callable[[Problem], Problem]
    limit: Callable[[float], dict[str, Any]]


def _objective(spec: dict[str, Any]) -> Callable[[Problem], Problem]:
    return lambda p: p.replaced(objective=parse_objective(spec))


def _equal_variances(p: Problem) -> Problem:
    moments = Moments(p.universe, p.moments.mu, Covariance(Sigma=np.eye(p.n)), scenarios=p.moments.scenarios)
    return p.replaced(moments=moments, objective=parse_objective({"kind": "min_risk"}))


def _near_the_book(p: Problem) -> Problem:
    return _equal_variances(p).replaced(objective=parse_objective({"kind": "min_tracking_error"}), benchmark=p.w_prev)


def _measure(name: str, **options: Any) -> Touching:
    spec = {"kind": "min_risk", "measure": name, **options}
    return Touching(_objective(spec), lambda bound: {"max_risk": {name: {"limit": bound, **options}}})


TOUCHING: dict[str, Touching] = {
    "max_volatility": Touching(_objective({"kind": "min_risk"}), lambda bound: {"max_volatility": bound}),
    "max_tracking_error": Touching(
        _objective({"kind": "min_tracking_error"}), lambda bound: {"max_tracking_error": {"limit": bound}}
    ),
    "concentration": Touching(_equal_variances, lambda bound: {"concentration": {"hhi": bound**2}}),
    "custom": Touching(_near_the_book, lambda bound: {"custom": {"near": f"norm2(w - w_prev) <= {bound!r}"}}),
    "volatility": _measure("volatility"),
    "semideviation": _measure("semideviation"),
    "below_target": _measure("semideviation", target=0.0),
    "cvar": _measure("cvar", confidence=0.9),
    "mad": _measure("mad"),
    "worst_realization": _measure("worst_realization"),
    "ulcer_index": _measure("ulcer_index"),
}


def market(rng: np.random.Generator, n: int, *, factors: bool, T: int = 120) -> Moments:
    """Monthly-sized returns of n assets with a factor or a sample covariance."""
    k = 3
    F = rng.normal(1.0, 0.3, (n, k)) * [1.0, 0.4, 0.3]
    D = rng.uniform(0.03, 0.12, n) ** 2
    Omega = np.diag([0.15, 0.08, 0.05]) ** 2
    mu = rng.uniform(0.02, 0.15, n)
    S = (rng.standard_normal((T, k)) @ np.sqrt(Omega) @ F.T + rng.standard_normal((T, n)) * np.sqrt(D)) / np.sqrt(12) + mu / 12
    universe = Universe(tuple(Asset(f"A{i:02d}", sector=f"S{i % 3}") for i in range(n)))
    dense = F @ Omega @ F.T + np.diag(D)
    covariance = Covariance(F=F, Omega=Omega, D=D) if factors else Covariance(Sigma=dense)
    return Moments(universe, mu, covariance, scenarios=S)


def unbounded(seed: int, n: int, *, factors: bool, objective: str, others: str) -> Problem:
    """The problem without the touching limit."""
    rng = np.random.default_rng([seed, n])
    moments = market(rng, n, factors=factors)
    book, benchmark = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(n))
    limits = parse_limits({"budget": True, "long_only": True, **OTHERS[others]})
    return Problem(moments, parse_objective(OBJECTIVES[objective]), limits, w_prev=book, benchmark=benchmark)


def touching(p: Problem, kind: str, *, above: float = 0.0) -> tuple[Problem, np.ndarray]:
    """p with the limit `kind` at (1 + above) times its least, and the portfolio that has the least."""
    how, least = TOUCHING[kind], _least(p, kind)
    any_bound = parse_limits(how.limit(1.0))[0]
    bound = float(any_bound.read(least, p).measured[0])
    if kind == "custom":
        bound = float(np.linalg.norm(least - p.w_prev))
    limit = parse_limits(how.limit(bound * (1.0 + above)))[0]
    return p.replaced(limits=(*p.limits, limit)), least


@cache
def _least(p: Problem, kind: str) -> np.ndarray:
    """Found once a problem, however much room is then left around it."""
    answer = optimize(TOUCHING[kind].least(p))
    assert answer.weights is not None, f"{kind}: {answer.status}"
    return answer.weights
