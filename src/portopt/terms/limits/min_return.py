"""The least expected return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.checks import number, options, percent, required
from portopt.terms.uncertainty.expected_returns import ReturnBox, ReturnEllipsoid, return_set

FIELD = "limits.min_return"
EXAMPLE = '{"floor": 0.06, "robust": {"set": "box", "radius": 0.01}}'
MOST = 2.0  # 200 % a year; more needs leverage, or is a percentage written as a number


@dataclass(frozen=True, slots=True)
class MinReturn(Limit):
    """mu'w  >=  floor        (annual, cash at its own return, before trading costs)

    robust: a set (terms/uncertainty/expected_returns.py); the floor then holds for every mu in it.
    """

    floor: float
    robust: ReturnBox | ReturnEllipsoid | None = None

    kind: ClassVar[str] = "min_return"
    noun: ClassVar[str] = "expected return"
    stops: ClassVar[str] = "the floor on expected return"
    precedence: ClassVar[int] = 5
    unit: ClassVar[str] = "return"

    def __post_init__(self) -> None:
        object.__setattr__(self, "floor", number(FIELD, self.floor, example="0.06"))
        object.__setattr__(self, "robust", return_set(f"{FIELD}.robust", self.robust))

    def express(self, program: Program, p: Problem) -> None:
        row, columns = p.moments.mu, program.weights
        if self.robust is not None:
            c, at = self.robust.express(program, p)
            row, columns = np.concatenate([row, -c]), np.concatenate([columns, at])
        program.add_rows(row[None, :], columns, self.floor, INF, limit=self.kind)

    def read(self, w: Vector, p: Problem) -> Readings:
        least = 0.0 if self.robust is None else self.robust.penalty(w, p)
        expected = np.array([float(p.moments.mu @ w) - least])
        return Readings(self.kind, ("",), expected, np.array([self.floor]), np.array([np.inf]), self.unit)

    def relaxed(self, by: float) -> MinReturn:
        return MinReturn(self.floor - by, self.robust)

    def describe(self) -> str:
        worst = "" if self.robust is None else f", with {self.robust.describe()}"
        return f"expected return at least {percent(self.floor)} a year{worst}"

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        yield FIELD, self.floor, MOST

    @classmethod
    def parse(cls, value: Any) -> MinReturn:
        if isinstance(value, Mapping):
            given = options(FIELD, value, ("floor", "robust"), example=EXAMPLE)
            return cls(required(FIELD, given, "floor", example=EXAMPLE), given.get("robust"))
        return cls(value)
