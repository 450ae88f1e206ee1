"""The average of the deepest drawdowns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import INF, Program
from portopt.terms.risk_measures.drawdowns import drawdown_columns, drawdowns, of_the_path, slopes
from portopt.terms.risk_measures.parameters import DEFAULT_CONFIDENCE, at_confidence, checked_confidence, checked_path_horizon
from portopt.terms.risk_measures.protocol import Bound, RiskMeasure
from portopt.terms.risk_measures.scenarios import tail_weights


@dataclass(frozen=True, slots=True)
class ConditionalDrawdown(RiskMeasure):
    """R(w) = the mean of the worst 1 - beta of the drawdowns d_t        (drawdowns.py says what d_t is)

             = min over eta >= 0 of  eta + sum_t p_t max(d_t - eta, 0) / (1 - beta)

    Source: Chekhlov, Uryasev and Zabarankin (2005), CDaR.
    """

    confidence: float = DEFAULT_CONFIDENCE
    horizon: int = 1

    kind: ClassVar[str] = "cdar"
    scenario_based: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "confidence", checked_confidence(self.kind, self.confidence))
        object.__setattr__(self, "horizon", checked_path_horizon(self.kind, self.horizon))

    def express(self, program: Program, p: Problem) -> Bound:
        d, most = drawdown_columns(program, p)
        T = len(d)
        eta = program.add_columns(1, lower=0.0, upper=most)
        u = program.add_columns(T, lower=0.0, upper=most)
        block = sp.hstack([sp.coo_array(np.ones((T, 1))), sp.eye_array(T), -sp.eye_array(T)]).tocoo()
        program.add_rows(block, np.concatenate([eta, u, d]), 0.0, INF, limit="", relax=0.0)
        prob = p.scenarios()[1]
        return Bound(np.concatenate([eta, u]), np.concatenate([[1.0], prob / (1.0 - self.confidence)]))

    def value(self, w: Vector, p: Problem) -> float:
        d = drawdowns(w, p)
        return float(tail_weights(d, p.scenarios()[1], self.confidence) @ d)

    def gradient(self, w: Vector, p: Problem) -> Vector:
        tail = tail_weights(drawdowns(w, p), p.scenarios()[1], self.confidence)
        there = np.flatnonzero(tail)
        return np.asarray(tail[there] @ slopes(w, p, there))

    def describe(self, periods_per_year: float | None = None) -> str:
        return f"CDaR {at_confidence(self.confidence)} {of_the_path(periods_per_year)}"
