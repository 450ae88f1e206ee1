"""Made markets, and the optimality conditions written a second time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.solution import RawAnswer
from portopt.domain.universe import CASH, Asset, Universe
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective

PLAIN = {"budget": True, "long_only": True}


def _market(
    seed: int = 0,
    assets: int = 12,
    *,
    objective: Mapping[str, Any] | str = "min_risk",
    limits: Mapping[str, Any] = PLAIN,
    costs: Mapping[str, Any] | None = None,
    factor_form: bool = False,
    cash: bool = False,
    mu: Any = None,
    Sigma: Any = None,
    w_prev: Any = None,
    benchmark: Any = None,
    risk_free_rate: float = 0.0,
    scale: float = 1.0,
) -> Problem:
    """A market with factors; every second one of its assets is held. scale: 1/252 makes its moments daily."""
    rng = np.random.default_rng(seed)
    n = assets if Sigma is None else len(Sigma)
    k = max(2, n // 6)
    F = rng.normal(0.0, 0.1, (n, k))
    F[:, 0] = rng.uniform(0.1, 0.25, n)
    D = rng.uniform(0.01, 0.05, n)
    returns = rng.normal(0.08, 0.04, n) if mu is None else np.asarray(mu, dtype=float)
    members = [Asset(f"A{i:03d}", sector=f"sector {i % 3}", asset_class=f"class {i % 2}") for i in range(n)]
    held = rng.dirichlet(np.ones(n)) * (np.arange(n) % 2 == 0) if n > 1 else np.ones(1)
    held, index = held / held.sum(), rng.dirichlet(np.full(n, 4.0))
    if Sigma is not None:
        covariance = Covariance(Sigma=np.asarray(Sigma, dtype=float) * scale)
    elif factor_form:
        covariance = Covariance(F=F, Omega=np.eye(k) * scale, D=D * scale)
    else:
        covariance = Covariance(Sigma=(F @ F.T + np.diag(D)) * scale)
    if cash:
        members.append(Asset(CASH))
        covariance = covariance.embedded(n + 1, np.arange(n))
        returns = np.append(returns, risk_free_rate)
        held, index = np.append(0.95 * held, 0.05), np.append(index, 0.0)
    return Problem(
        Moments(Universe(tuple(members)), returns * scale, covariance),
        parse_objective({"kind": objective} if isinstance(objective, str) else objective),
        parse_limits(limits),
        parse_costs(costs or {}),
        w_prev=held if w_prev is None else np.asarray(w_prev, dtype=float),
        benchmark=index if benchmark is None else np.asarray(benchmark, dtype=float),
        risk_free_rate=risk_free_rate * scale,
        portfolio_value=1e7,
        average_daily_value=np.full(len(members), 2e7),
    )


def _residuals(form: StandardForm, raw: RawAnswer) -> dict[str, float]:
    """How far from optimal: the conditions of domain/program.py, row by row and with no help from the engine."""
    x, duals = raw.x, raw.duals
    gradient = form.P_times(x)
    if form.ratio:
        gradient = gradient * (-(form.q @ x + form.constant) / (x @ gradient))
    gradient = gradient + form.q + form.A.toarray().T @ duals.rows
    for column, multiplier in zip(form.bound_columns, duals.bounds, strict=True):
        gradient[column] += multiplier
    outside, products, signs = [0.0], [0.0], [0.0]
    sides = [(form.A.toarray() @ x, duals.rows, form.row_lower, form.row_upper)]
    sides.append((x[form.bound_columns], duals.bounds, form.bound_lower, form.bound_upper))
    for values, multipliers, lower, upper in sides:
        for v, y, low, high in zip(values, multipliers, lower, upper, strict=True):
            outside += [low - v, v - high]
            products.append(abs(y * (v - (high if y > 0 else low))) if y else 0.0)
    for cone, z in zip(form.cones, duals.cones, strict=True):
        gradient = gradient - cone.B.toarray().T @ z
        s = cone.B.toarray() @ x + cone.b
        outside.append(float(np.linalg.norm(s[1:]) - s[0]))
        signs.append(float(np.linalg.norm(z[1:]) - z[0]))
        products.append(abs(float(s @ z)))
    return {
        "stationarity": float(np.abs(gradient).max()),
        "outside": float(max(outside)),
        "complementarity": float(max(products)),
        "signs": float(max(signs)),
    }


@pytest.fixture(scope="session")
def market() -> Callable[..., Problem]:
    return _market


@pytest.fixture(scope="session")
def residuals() -> Callable[[StandardForm, RawAnswer], dict[str, float]]:
    return _residuals
