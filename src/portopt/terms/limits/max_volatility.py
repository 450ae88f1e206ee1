"""How much the portfolio may fluctuate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import Program
from portopt.domain.universe import Asset
from portopt.terms.shared.checks import number, percent
from portopt.terms.shared.risk import add_risk_cone
from portopt.terms.shared.told import at_its_limit

FIELD = "limits.max_volatility"
MOST = 2.0  # 200 % a year; more needs leverage, or is a percentage written as a number


@dataclass(frozen=True, slots=True)
class MaxVolatility(Limit):
    """sqrt(w'Sigma w)  <=  limit        (annual)"""

    limit: float

    kind: ClassVar[str] = "max_volatility"
    noun: ClassVar[str] = "volatility"
    stops: ClassVar[str] = "the volatility limit"
    precedence: ClassVar[int] = 2
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

    def presses(self, asset: Asset, reading: Readings, *, up: bool) -> str:
        return at_its_limit("volatility", up=up)

    def describe(self) -> str:
        return f"volatility at most {percent(self.limit)} a year"

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        yield FIELD, self.limit, MOST

    @classmethod
    def parse(cls, value: Any) -> MaxVolatility:
        return cls(value)
