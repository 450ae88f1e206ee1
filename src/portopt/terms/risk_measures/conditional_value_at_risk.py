"""The average of the worst losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.terms.risk_measures.parameters import DEFAULT_CONFIDENCE, at_confidence, checked_confidence, checked_horizon, over
from portopt.terms.risk_measures.protocol import Bound, RiskMeasure
from portopt.terms.risk_measures.scenarios import horizon_returns, reach, tail_weights


@dataclass(frozen=True, slots=True)
class ConditionalValueAtRisk(RiskMeasure):
    """R(w) = the mean of the worst 1 - beta of the losses -r_t'w, the scenario at the boundary counted in part

             = min over eta of  eta + sum_t p_t max(-r_t'w - eta, 0) / (1 - beta)

    In the program: u_t >= -r_t'w - eta, u_t >= 0. Also called expected shortfall.
    Source: Rockafellar and Uryasev (2000, 2002).
    """

    confidence: float = DEFAULT_CONFIDENCE
    horizon: int = 1

    kind: ClassVar[str] = "cvar"
    scenario_based: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "confidence", checked_confidence(self.kind, self.confidence))
        object.__setattr__(self, "horizon", checked_horizon(self.kind, self.horizon))

    def express(self, program: Program, p: Problem) -> Bound:
        R, prob = horizon_returns(p, self.horizon)
        most = reach(R)
        eta = program.add_columns(1, lower=-most, upper=most)
        shortfall = np.column_stack([-R, -np.ones(len(R))])
        u = program.add_hinges(shortfall, np.concatenate([program.weights, eta]), 0.0)
        return Bound(np.concatenate([eta, u]), np.concatenate([[1.0], prob / (1.0 - self.confidence)]))

    def value(self, w: Vector, p: Problem) -> float:
        R, prob = horizon_returns(p, self.horizon)
        losses = -(R @ w)
        return float(tail_weights(losses, prob, self.confidence) @ losses)

    def gradient(self, w: Vector, p: Problem) -> Vector:
        R, prob = horizon_returns(p, self.horizon)
        return np.asarray(-tail_weights(-(R @ w), prob, self.confidence) @ R)

    def describe(self, periods_per_year: float | None = None) -> str:
        return f"CVaR {at_confidence(self.confidence)}, {over(self.horizon, periods_per_year)}"
