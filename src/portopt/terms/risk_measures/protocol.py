"""What a risk measure is: a number on a portfolio, said twice.

`express` writes columns and rows of its own (definitions, owned by no limit) into a Program and returns a linear expression
that is never below the measure and equal to it where it is pressed down: an objective adds it, a limit bounds it. `value` is
the definition itself, by NumPy on the scenarios, sharing nothing with the rows. `gradient` is what contributions are made of.

Losses are positive. Scenario measures speak of `horizon` periods and are never annualized; `volatility` alone is annual.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from portopt.domain.arrays import Indices, Vector
from portopt.domain.problem import Problem
from portopt.domain.program import Program


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """coefficients'x[columns] + constant  >=  R(w), equal to it at the best helper columns.  columns, coefficients: (k,)."""

    columns: Indices
    coefficients: Vector
    constant: float = 0.0


class RiskMeasure(Protocol):
    """Homogeneous: R(a w) = a R(w) for a > 0 (below a target: for weights that add up to one).

    kind: the catalog's name. scenario_based: False where the moments are enough. confidence, horizon: None where it has none.
    is_convex: False for VaR alone. is_root: whether it is the root of a mean square: an objective minimizes half its square
    then, as it does the variance.
    """

    @property
    def kind(self) -> str: ...

    @property
    def scenario_based(self) -> bool: ...

    @property
    def confidence(self) -> float | None:
        return None

    @property
    def horizon(self) -> int | None:
        return None

    @property
    def is_convex(self) -> bool:
        return True

    @property
    def is_root(self) -> bool:
        return False

    def express(self, program: Program, p: Problem) -> Bound: ...

    def express_square(self, program: Program, p: Problem, scale: float) -> None:
        """Add scale/2 R(w)^2 to the objective. Of a measure that is a root, and of no other."""
        raise TypeError(f"{self.kind} is not the root of a mean square")

    def value(self, w: Vector, p: Problem) -> float: ...

    def gradient(self, w: Vector, p: Problem) -> Vector:
        """(n,) a subgradient g of R at w with g'w = R(w): Euler's contributions are w * g."""
        ...

    def describe(self, periods_per_year: float | None = None) -> str:
        """Name, confidence and horizon: "CVaR 95 %, 1 period of 252 a year"."""
        ...
