"""How much volatility may come from one factor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import Program
from portopt.terms.shared.checks import percent
from portopt.terms.shared.named_exposures import (
    Rows,
    Sides,
    bound_names,
    checked_sides,
    describe_sides,
    model_of,
    opened,
    read_rows,
    rows_of,
    write_rows,
)

FIELD = "limits.factor_risk_limits"
EXAMPLE = '{"MKT": 0.12, "*": 0.03}'
MOST = 2.0  # 200 % a year; more needs leverage, or is a percentage written as a number


@dataclass(frozen=True, slots=True)
class FactorRiskLimits(Limit):
    """-cap_k  <=  s_k B_k'w  <=  cap_k,   s_k = sqrt(Omega_kk)        (annual; the factor model's exposures and risk)

    The volatility the portfolio would have if factor k alone moved: linear, so convex, whatever the factors' correlation.
    A cap on a factor's share of the variance is not convex (the share is a ratio of two quadratics, and covariances with
    other factors may lower it); shares are reported, and reached by budgets with the objective factor_risk_budget.

    sides: (floor, cap) by factor, "*" for every factor not named. A number caps either direction.
    """

    sides: Mapping[str, Sides]

    kind: ClassVar[str] = "factor_risk_limits"
    noun: ClassVar[str] = "volatility from"
    stops: ClassVar[str] = "a factor-risk limit"
    unit: ClassVar[str] = "volatility"
    reads_factors: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "sides", checked_sides(FIELD, self.sides, two_sided=True, example=EXAMPLE))

    def express(self, program: Program, p: Problem) -> None:
        write_rows(program, self._rows(p), self.kind)

    def read(self, w: Vector, p: Problem) -> Readings:
        return read_rows(w, self._rows(p), self.kind, self.unit)

    def relaxed(self, by: float) -> FactorRiskLimits:
        return FactorRiskLimits(opened(self.sides, by))

    def describe(self) -> str:
        return f"volatility from one factor alone: {describe_sides(self.sides, 'factor', percent)} a year"

    def _rows(self, p: Problem) -> Rows:
        model = model_of(p, FIELD)
        bound = bound_names(FIELD, self.sides, model.names, "factor")
        at = [model.names.index(name) for name in bound]
        deviations = np.sqrt(np.diagonal(model.Omega))
        return rows_of(bound, (model.B * deviations).T[at], None)

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        for name, pair in self.sides.items():
            sizes = {abs(side): side for side in pair if side is not None}  # a number alone is both sides
            yield from ((f"{FIELD}.{name}", side, MOST) for side in sizes.values())

    @classmethod
    def parse(cls, value: Any) -> FactorRiskLimits:
        return cls(value)
