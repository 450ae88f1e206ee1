"""How far returns fall short, in the root mean square."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.terms.risk_measures.parameters import checked_horizon, checked_target, over
from portopt.terms.risk_measures.protocol import Bound, RiskMeasure
from portopt.terms.risk_measures.scenarios import horizon_returns, root_mean_square_cone


@dataclass(frozen=True, slots=True)
class Semideviation(RiskMeasure):
    """R(w) = sqrt( sum_t p_t max(m'w - r_t'w, 0)^2 ),  m = sum_t p_t r_t        below the mean, over the horizon
       R(w) = sqrt( sum_t p_t max(target - r_t'w, 0)^2 )                       below a target return over the horizon

    The square is the semivariance, divided by the whole probability (by T, not T - 1, nor by the number of shortfalls).
    Source: Markowitz (1959), chapter 9; Fishburn (1977) below a target.
    """

    horizon: int = 1
    target: float | None = None

    kind: ClassVar[str] = "semideviation"
    scenario_based: ClassVar[bool] = True
    is_root: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "horizon", checked_horizon(self.kind, self.horizon))
        object.__setattr__(self, "target", checked_target(self.kind, self.target))

    def express(self, program: Program, p: Problem) -> Bound:
        u, prob = self._shortfalls(program, p)
        return root_mean_square_cone(program, u, prob)

    def express_square(self, program: Program, p: Problem, scale: float) -> None:
        u, prob = self._shortfalls(program, p)
        program.add_quadratic(u, scale * prob)

    def value(self, w: Vector, p: Problem) -> float:
        R, prob = horizon_returns(p, self.horizon)
        returns = R @ w
        aim = float(prob @ returns) if self.target is None else self.target
        return float(np.sqrt(prob @ np.maximum(aim - returns, 0.0) ** 2))

    def gradient(self, w: Vector, p: Problem) -> Vector:
        R, prob = horizon_returns(p, self.horizon)
        below = _below(R, prob, self.target)
        short = np.maximum(below @ w, 0.0)
        size = float(np.sqrt(prob @ short**2))
        return np.asarray((prob * short) @ below) / size if size > 0.0 else np.zeros(p.n)

    def describe(self, periods_per_year: float | None = None) -> str:
        aim = "the mean" if self.target is None else f"{100.0 * self.target:g} %"
        return f"semideviation below {aim}, {over(self.horizon, periods_per_year)}"

    def _shortfalls(self, program: Program, p: Problem) -> tuple[Indices, Vector]:
        """Columns u_t >= what return t falls short, and the probabilities."""
        R, prob = horizon_returns(p, self.horizon)
        if self.target is None:
            return program.add_hinges(prob @ R - R, program.weights, 0.0), prob
        return program.add_hinges(-R, program.weights, self.target), prob


def _below(R: Matrix, prob: Vector, target: float | None) -> Matrix:
    """(T, n) rows a_t with a_t'w what return t lies below the mean, or below the target for weights that add up to one."""
    return np.asarray(prob @ R - R if target is None else target - R)
