"""At most so many trades."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.checks import number
from portopt.terms.shared.choices import NOTHING, countable, traded_columns

FIELD = "limits.max_trades"


@dataclass(frozen=True, slots=True)
class MaxTrades(Limit):
    """number of w_i != w_prev_i  <=  count        (cash left out)

    Integer: b_i, s_i in {0, 1}, whether asset i is bought or sold.
    """

    count: float

    kind: ClassVar[str] = "max_trades"
    noun: ClassVar[str] = "the number of trades"
    stops: ClassVar[str] = "the limit on the number of trades"
    unit: ClassVar[str] = "trades"

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", number(FIELD, self.count, low=0.0, example="10", counts="plain"))

    def express(self, program: Program, p: Problem) -> None:
        both = np.concatenate(traded_columns(program, p))
        program.add_rows(np.ones((1, len(both))), both, -INF, self.count, limit=self.kind)

    def read(self, w: Vector, p: Problem) -> Readings:
        at = countable(p)
        moved = np.array([float((np.abs(w - p.previous())[at] > NOTHING).sum())])
        return Readings(self.kind, ("",), moved, np.array([-np.inf]), np.array([self.count]), self.unit)

    def relaxed(self, by: float) -> MaxTrades:
        return MaxTrades(self.count + by)

    def describe(self) -> str:
        return f"at most {int(self.count + NOTHING)} trades"

    @classmethod
    def parse(cls, value: Any) -> MaxTrades:
        limit = cls(value)
        if limit.count != int(limit.count):
            raise InvalidValue(FIELD, value, "a whole number of trades is needed", fix=f"write {int(limit.count)}")
        return limit
