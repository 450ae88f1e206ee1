"""The deepest fall from a peak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import INF, Program
from portopt.terms.risk_measures.drawdowns import drawdown_columns, drawdowns, of_the_path, slopes
from portopt.terms.risk_measures.parameters import checked_path_horizon
from portopt.terms.risk_measures.protocol import Bound, RiskMeasure


@dataclass(frozen=True, slots=True)
class MaxDrawdown(RiskMeasure):
    """R(w) = max over t of d_t        (drawdowns.py says what d_t is)

    Source: Chekhlov, Uryasev and Zabarankin (2005).
    """

    horizon: int = 1

    kind: ClassVar[str] = "max_drawdown"
    scenario_based: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "horizon", checked_path_horizon(self.kind, self.horizon))

    def express(self, program: Program, p: Problem) -> Bound:
        d, most = drawdown_columns(program, p)
        worst = program.add_columns(1, lower=0.0, upper=most)
        block = sp.hstack([-sp.eye_array(len(d)), sp.coo_array(np.ones((len(d), 1)))]).tocoo()
        program.add_rows(block, np.concatenate([d, worst]), 0.0, INF, limit="", relax=0.0)
        return Bound(worst, np.ones(1))

    def value(self, w: Vector, p: Problem) -> float:
        return float(drawdowns(w, p).max())

    def gradient(self, w: Vector, p: Problem) -> Vector:
        return np.asarray(slopes(w, p, np.array([int(drawdowns(w, p).argmax())]))[0])

    def describe(self, periods_per_year: float | None = None) -> str:
        return f"maximum drawdown {of_the_path(periods_per_year)}"
