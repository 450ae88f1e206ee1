"""How far returns lie from their mean, on average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.terms.risk_measures.parameters import checked_horizon, over
from portopt.terms.risk_measures.protocol import Bound, RiskMeasure
from portopt.terms.risk_measures.scenarios import horizon_returns


@dataclass(frozen=True, slots=True)
class MeanAbsoluteDeviation(RiskMeasure):
    """R(w) = sum_t p_t |r_t'w - m'w|,  m = sum_t p_t r_t        over the horizon

    Deviations from a mean add up to zero, so half of them lie below it:

        R(w) = 2 sum_t p_t u_t,   u_t >= (m - r_t)'w,  u_t >= 0

    Source: Konno and Yamazaki (1991).
    """

    horizon: int = 1

    kind: ClassVar[str] = "mad"
    scenario_based: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "horizon", checked_horizon(self.kind, self.horizon))

    def express(self, program: Program, p: Problem) -> Bound:
        R, prob = horizon_returns(p, self.horizon)
        u = program.add_hinges(prob @ R - R, program.weights, 0.0)
        return Bound(u, 2.0 * prob)

    def value(self, w: Vector, p: Problem) -> float:
        R, prob = horizon_returns(p, self.horizon)
        returns = R @ w
        return float(prob @ np.abs(returns - prob @ returns))

    def gradient(self, w: Vector, p: Problem) -> Vector:
        R, prob = horizon_returns(p, self.horizon)
        centred = R - prob @ R
        return np.asarray((prob * np.sign(centred @ w)) @ centred)

    def describe(self, periods_per_year: float | None = None) -> str:
        return f"mean absolute deviation, {over(self.horizon, periods_per_year)}"
