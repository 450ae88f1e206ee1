"""The worst that happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import INF, Program
from portopt.terms.risk_measures.parameters import checked_horizon, over
from portopt.terms.risk_measures.protocol import Bound, RiskMeasure
from portopt.terms.risk_measures.scenarios import horizon_returns, reach


@dataclass(frozen=True, slots=True)
class WorstRealization(RiskMeasure):
    """R(w) = max over t of -r_t'w,  over scenarios with any probability        over the horizon

    In the program: m >= -r_t'w for every t.
    Source: Young (1998), the minimax portfolio.
    """

    horizon: int = 1

    kind: ClassVar[str] = "worst_realization"
    scenario_based: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "horizon", checked_horizon(self.kind, self.horizon))

    def express(self, program: Program, p: Problem) -> Bound:
        R, prob = horizon_returns(p, self.horizon)
        R = R[prob > 0.0]
        most = reach(R)
        m = program.add_columns(1, lower=-most, upper=most)
        block = np.column_stack([R, np.ones(len(R))])
        program.add_rows(block, np.concatenate([program.weights, m]), 0.0, INF, limit="", relax=0.0)
        return Bound(m, np.ones(1))

    def value(self, w: Vector, p: Problem) -> float:
        R, prob = horizon_returns(p, self.horizon)
        return float(np.max(-(R[prob > 0.0] @ w)))

    def gradient(self, w: Vector, p: Problem) -> Vector:
        R, prob = horizon_returns(p, self.horizon)
        R = R[prob > 0.0]
        return np.asarray(-R[int(np.argmin(R @ w))])

    def describe(self, periods_per_year: float | None = None) -> str:
        return f"worst realization, {over(self.horizon, periods_per_year)}"
