"""What an objective counts in, for people: half a square is told as its root, a ratio as a ratio, a return as a return.

    return                  basis points a year            utility, most return, whatever prices risk by a risk aversion
    Sharpe ratio, diversification ratio, ratio     after the volatility, of the volatilities, after another measure
    volatility, tracking error, risk, distance             the root of what is minimized as half its square
    objective               whatever a user, a goal or a risk budget counts in

The program's multipliers are those of its own objective f; near the answer x the figure moves by `slope` for each unit of f.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm

LAST_DIGITS = 1e-13
RATIOS = {"ratio": "Sharpe ratio", "diversification ratio": "diversification ratio"}
SQUARES = {"half variance": "volatility", "half square": "risk", "squared distance": "distance"}


@dataclass(frozen=True, slots=True, eq=False)
class OwnUnit:
    """One problem's objective, with the answer x (N,) of its form."""

    problem: Problem
    form: StandardForm
    x: Vector

    @property
    def name(self) -> str:
        """The words above, the left column."""
        objective = self.problem.objective
        if self._is_ratio:
            return RATIOS.get(objective.unit, "ratio") if self.form.ratio else "ratio"
        if self._is_priced:
            return "return"
        if not self._is_square:
            return objective.unit if objective.unit in ("return", "risk") else "objective"
        if self.problem.target is not None:
            return "distance"
        return "tracking error" if objective.about_benchmark else SQUARES[objective.unit]

    @property
    def slope(self) -> float:
        """The figure's change per unit of the program's objective, at the answer; zero where it has none."""
        below = 1.0
        if self.form.ratio:
            below = float(np.sqrt(max(float(self.x @ self.form.P_times(self.x)), 0.0)))
        elif self.problem.objective.divides and self.problem.objective.risk is not None:
            below = float(self.problem.objective.risk.value(self._weights(self.x), self.problem))
        elif self._is_square:
            below = self._root(self.x)
        return 1.0 / below if below > 0.0 else 0.0

    def gained(self, better: Vector) -> float:
        """What x (N,) `better` has over the answer, in this unit; never negative."""
        if self._is_ratio and not self.form.ratio:
            after, before = (self.problem.objective.ratio(self._weights(x), self.problem) for x in (better, self.x))
            return _more(after, before)
        gain = _more(self.form.objective(self.x), self.form.objective(better))
        roots = 0.5 * (self._root(self.x) + self._root(better)) if self._is_square else 1.0
        return gain / roots if roots > 0.0 else 0.0

    @property
    def _is_ratio(self) -> bool:
        """By the form's own rows, or by another measure."""
        return self.form.ratio or self.problem.objective.divides

    @property
    def _is_priced(self) -> bool:
        return self.problem.objective.gamma is not None and self.problem.objective.unit in (*SQUARES, "risk")

    @property
    def _is_square(self) -> bool:
        # Risk budgets add logarithms to half a variance: no square then.
        logs = any(cone.kind == "exponential" and not cone.limit for cone in self.form.cones)
        return self.problem.objective.unit in SQUARES and not self._is_priced and not logs

    def _root(self, x: Vector) -> float:
        """The root of twice the objective, the price of soft shortfalls left out."""
        w, p = self._weights(x), self.problem
        paid = sum(limit.priced(w, p) for limit in p.limits if limit.soft)
        return float(np.sqrt(max(2.0 * (p.objective.value(w, p) - paid), 0.0)))

    def _weights(self, x: Vector) -> Vector:
        return x[: self.form.n_weights]


def _more(a: float, b: float) -> float:
    """a - b, and nothing where that is less than the last digits of both."""
    return a - b if a - b > LAST_DIGITS * max(abs(a), abs(b)) else 0.0
