"""A problem on which limits, costs and kept positions all have something to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from portopt.analysis import explain
from portopt.audit import certify
from portopt.domain.certificate import ValidatedSolution
from portopt.domain.explanation import Explanation
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble, optimize, shadow_prices
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective

N = 8
LIMITS: dict[str, Any] = {"budget": True, "long_only": True, "max_weight": 0.3, "sector_limits": 0.5, "min_quality": 5.0}


@dataclass(frozen=True)
class Explained:
    problem: Problem
    form: StandardForm
    validated: ValidatedSolution
    explanation: Explanation

    def reason(self, asset_id: str):
        return next(r for r in self.explanation.reasons if r.asset_id == asset_id)


def build(objective: dict[str, Any], *, factor: bool = False, costs: dict[str, Any] | None = None, **limits: Any) -> Explained:
    """Eight stocks in three sectors and cash; A7 is below the quality floor, A6 has no score. Everything is held a little."""
    rng = np.random.default_rng(7)
    F = np.column_stack([np.linspace(0.7, 1.4, N), rng.normal(0.0, 0.3, N)])
    Omega, D = np.diag([0.15**2, 0.08**2]), np.linspace(0.02, 0.06, N)
    scores = [9.0, 8.0, 7.0, 6.5, 6.0, 5.0, None, 4.5]
    assets = [Asset(f"A{i}", sector=("Technology", "Energy", "Health")[i % 3], quality_score=scores[i]) for i in range(N)]
    universe = Universe((*assets, Asset(CASH)))
    F0, D0 = np.vstack([F, np.zeros(2)]), np.append(D, 0.0)
    covariance = Covariance(F=F0, Omega=Omega, D=D0) if factor else Covariance(Sigma=F0 @ Omega @ F0.T + np.diag(D0))
    mu = np.array([0.11, 0.085, 0.07, 0.09, 0.06, 0.10, 0.2, 0.15, 0.02])
    problem = Problem(
        Moments(universe, mu, covariance),
        parse_objective(objective),
        parse_limits({**LIMITS, **limits}),
        parse_costs({"linear_impact": {"bps": 60}} if costs is None else costs),
        w_prev=np.array([0.1, 0.12, 0.11, 0.12, 0.1, 0.1, 0.1, 0.15, 0.1]),
        benchmark=np.array([0.125] * N + [0.0]),
        risk_free_rate=0.02,
        portfolio_value=1e6,
        average_daily_value=np.array([2e6] * N + [np.inf]),
    )
    form = assemble(problem)
    solution = optimize(problem, form=form)
    validated = certify(problem, form, solution)
    prices = shadow_prices(problem, form, solution.raw)
    return Explained(problem, form, validated, explain(problem, form, validated, prices))


@pytest.fixture(scope="session")
def explained():
    """The builder of explained answers."""
    return build
