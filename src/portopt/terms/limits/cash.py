"""How much stays in cash."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.domain.universe import CASH
from portopt.domain.words import signed_percent
from portopt.terms.shared.checks import number, options, percent

FIELD = "limits.cash"
EXAMPLE = '{"min": 0.0, "max": 0.02}'


@dataclass(frozen=True, slots=True)
class CashLimit(Limit):
    """min <= w[CASH] <= max        (None where a side is open)

    A negative floor allows borrowing. A universe without cash holds none of it.
    """

    min: float | None = None
    max: float | None = None

    kind: ClassVar[str] = "cash"
    noun: ClassVar[str] = "the weight of"
    stops: ClassVar[str] = "the limit on cash"
    precedence: ClassVar[int] = 8
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        low = None if self.min is None else number(f"{FIELD}.min", self.min, example="0.0")
        high = None if self.max is None else number(f"{FIELD}.max", self.max, low=0.0, example="0.02")
        if low is None and high is None:
            raise InvalidValue(FIELD, {}, "neither min nor max is given", fix=f"write {FIELD}: {EXAMPLE}, or leave it out")
        if low is not None and high is not None and low > high:
            raise InvalidValue(FIELD, {"min": low, "max": high}, "min is above max", fix=f"lower limits.cash.min to {high:g}")
        object.__setattr__(self, "min", low)
        object.__setattr__(self, "max", high)

    def express(self, program: Program, p: Problem) -> None:
        low, high = self._sides()
        at = p.universe.cash_position
        if at is not None:
            program.add_bounds(np.array([at]), low, high, limit=self.kind, members=(CASH,))
        elif low > 0.0:
            raise _no_cash(low)

    def read(self, w: Vector, p: Problem) -> Readings:
        low, high = self._sides()
        at = p.universe.cash_position
        if at is None and low > 0.0:
            raise _no_cash(low)
        held = np.array([0.0 if at is None else float(w[at])])
        return Readings(self.kind, (CASH,), held, np.array([low]), np.array([high]))

    def relaxed(self, by: float) -> CashLimit:
        return CashLimit(None if self.min is None else self.min - by, None if self.max is None else self.max + by)

    def of_cash(self, held: float, *, up: bool) -> str:
        return f"at its {'floor' if up else 'cap'} of {signed_percent(held)}"

    def describe(self) -> str:
        if self.min is None:
            return f"cash at most {percent(self.max or 0.0)}"
        if self.max is None:
            return f"cash at least {percent(self.min)}"
        return f"cash between {percent(self.min)} and {percent(self.max)}"

    def _sides(self) -> tuple[float, float]:
        return -INF if self.min is None else self.min, INF if self.max is None else self.max

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        for name, side in (("min", self.min), ("max", self.max)):
            if side is not None:
                yield f"{FIELD}.{name}", side, 1.0

    @classmethod
    def parse(cls, value: Any) -> CashLimit:
        return cls(**options(FIELD, value, ("min", "max"), example=EXAMPLE))


def _no_cash(low: float) -> InvalidValue:
    return InvalidValue(f"{FIELD}.min", low, f"this universe has no {CASH} to hold", fix=f"add {CASH} to the assets")
