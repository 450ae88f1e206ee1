"""How far below its peak the portfolio is, on average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.terms.risk_measures.drawdowns import drawdown_columns, drawdowns, of_the_path, slopes
from portopt.terms.risk_measures.parameters import checked_path_horizon
from portopt.terms.risk_measures.protocol import Bound, RiskMeasure


@dataclass(frozen=True, slots=True)
class AverageDrawdown(RiskMeasure):
    """R(w) = sum_t p_t d_t        (drawdowns.py says what d_t is)

    Source: Chekhlov, Uryasev and Zabarankin (2005).
    """

    horizon: int = 1

    kind: ClassVar[str] = "average_drawdown"
    scenario_based: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "horizon", checked_path_horizon(self.kind, self.horizon))

    def express(self, program: Program, p: Problem) -> Bound:
        d, _ = drawdown_columns(program, p)
        return Bound(d, p.scenarios()[1])

    def value(self, w: Vector, p: Problem) -> float:
        return float(p.scenarios()[1] @ drawdowns(w, p))

    def gradient(self, w: Vector, p: Problem) -> Vector:
        _, prob = p.scenarios()
        return np.asarray(prob @ slopes(w, p, np.arange(len(prob))))

    def describe(self, periods_per_year: float | None = None) -> str:
        return f"average drawdown {of_the_path(periods_per_year)}"
