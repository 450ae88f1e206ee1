"""How much the portfolio may fluctuate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem, Readings
from portopt.domain.program import Program
from portopt.terms.shared.checks import number, percent
from portopt.terms.shared.risk import add_risk_cone

FIELD = "limits.max_volatility"
MOST = 2.0  # 200 % a year; more needs leverage, or is a percentage written as a number


@dataclass(frozen=True, slots=True)
class MaxVolatility:
    """sqrt(w'Sigma w)  <=  limit        (annual)"""

    limit: float

    kind: ClassVar[str] = "max_volatility"
    structural: ClassVar[bool] = False
    soft: ClassVar[bool] = False
    unit: ClassVar[str] = "volatility"

    def __post_init__(self) -> None:
        object.__setattr__(self, "limit", number(FIELD, self.limit, low=0.0, example="0.15"))

    def express(self, program: Program, p: Problem) -> None:
        add_risk_cone(program, p.moments.covariance, self.limit, limit=self.kind)

    def read(self, w: Vector, p: Problem) -> Readings:
        sigma = np.array([p.moments.covariance.volatility(w)])
        return Readings(self.kind, ("",), sigma, np.array([-np.inf]), np.array([self.limit]), self.unit)

    def relaxed(self, by: float) -> MaxVolatility:
        return MaxVolatility(self.limit + by)

    def describe(self) -> str:
        return f"volatility at most {percent(self.limit)} a year"

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        yield FIELD, self.limit, MOST

    @classmethod
    def parse(cls, value: Any) -> MaxVolatility:
        return cls(value)
