"""The least expected return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.checks import fraction, number, percent

FIELD = "limits.min_return"
MOST = 2.0  # 200 % a year; more is a percentage written as a number


@dataclass(frozen=True, slots=True)
class MinReturn:
    """mu'w  >=  floor        (annual, cash at its own return, before trading costs)"""

    floor: float

    kind: ClassVar[str] = "min_return"
    structural: ClassVar[bool] = False
    soft: ClassVar[bool] = False
    unit: ClassVar[str] = "return"

    def __post_init__(self) -> None:
        object.__setattr__(self, "floor", number(FIELD, self.floor, example="0.06"))

    def express(self, program: Program, p: Problem) -> None:
        program.add_rows(p.moments.mu[None, :], program.weights, self.floor, INF, limit=self.kind)

    def read(self, w: Vector, p: Problem) -> Readings:
        expected = np.array([float(p.moments.mu @ w)])
        return Readings(self.kind, ("",), expected, np.array([self.floor]), np.array([np.inf]), self.unit)

    def relaxed(self, by: float) -> MinReturn:
        return MinReturn(self.floor - by)

    def describe(self) -> str:
        return f"expected return at least {percent(self.floor)} a year"

    @classmethod
    def parse(cls, value: Any) -> MinReturn:
        limit = cls(value)
        fraction(FIELD, limit.floor, most=MOST)
        return limit
