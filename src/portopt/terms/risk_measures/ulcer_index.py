"""How deep and how long the portfolio is below its peak, in the root mean square."""

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
from portopt.terms.risk_measures.scenarios import root_mean_square_cone


@dataclass(frozen=True, slots=True)
class UlcerIndex(RiskMeasure):
    """R(w) = sqrt( sum_t p_t d_t^2 )        (drawdowns.py says what d_t is)

    Source: Martin and McCann (1989), there in percent of the running peak.
    """

    horizon: int = 1

    kind: ClassVar[str] = "ulcer_index"
    scenario_based: ClassVar[bool] = True
    is_root: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "horizon", checked_path_horizon(self.kind, self.horizon))

    def express(self, program: Program, p: Problem) -> Bound:
        d, _ = drawdown_columns(program, p)
        return root_mean_square_cone(program, d, p.scenarios()[1])

    def express_square(self, program: Program, p: Problem, scale: float) -> None:
        d, _ = drawdown_columns(program, p)
        program.add_quadratic(d, scale * p.scenarios()[1])

    def value(self, w: Vector, p: Problem) -> float:
        return float(np.sqrt(p.scenarios()[1] @ drawdowns(w, p) ** 2))

    def gradient(self, w: Vector, p: Problem) -> Vector:
        _, prob = p.scenarios()
        d, size = drawdowns(w, p), self.value(w, p)
        return (prob * d) @ slopes(w, p, np.arange(len(prob))) / size if size > 0.0 else np.zeros(p.n)

    def describe(self, periods_per_year: float | None = None) -> str:
        return f"ulcer index {of_the_path(periods_per_year)}"
