"""How much the portfolio fluctuates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.terms.risk_measures.protocol import Bound, RiskMeasure
from portopt.terms.shared.risk import add_risk_cone, add_variance


@dataclass(frozen=True, slots=True)
class Volatility(RiskMeasure):
    """R(w) = sqrt(w'Sigma w), annual, of the estimated covariance and not of the scenarios.

    Source: Markowitz (1952).
    """

    kind: ClassVar[str] = "volatility"
    scenario_based: ClassVar[bool] = False
    is_root: ClassVar[bool] = True

    def express(self, program: Program, p: Problem) -> Bound:
        s = program.add_columns(1, lower=0.0)
        add_risk_cone(program, p.moments.covariance, 0.0, limit="", excess=s)
        return Bound(s, np.ones(1))

    def express_square(self, program: Program, p: Problem, scale: float) -> None:
        add_variance(program, p.moments.covariance, scale)

    def value(self, w: Vector, p: Problem) -> float:
        return p.moments.covariance.volatility(w)

    def gradient(self, w: Vector, p: Problem) -> Vector:
        sigma = p.moments.covariance.volatility(w)
        return p.moments.covariance.times(w) / sigma if sigma > 0.0 else np.zeros(p.n)

    def describe(self, periods_per_year: float | None = None) -> str:
        return "volatility, annual"
