"""How much may change hands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.checks import number, percent

FIELD = "limits.max_turnover"


@dataclass(frozen=True, slots=True)
class MaxTurnover(Limit):
    """1/2 sum |w - w_prev|  <=  limit        (one-way, cash included)

    Measured from the holdings, never from the benchmark.
    """

    limit: float

    kind: ClassVar[str] = "max_turnover"
    noun: ClassVar[str] = "turnover"
    stops: ClassVar[str] = "the turnover limit"
    precedence: ClassVar[int] = 4
    uses: ClassVar[str] = "turnover"
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        object.__setattr__(self, "limit", number(FIELD, self.limit, low=0.0, example="0.20"))

    def express(self, program: Program, p: Problem) -> None:
        buys, sells = program.trade_columns(p.previous())
        both = np.concatenate([buys, sells])
        # Buys and sells together are twice the one-way turnover: one unit of the limit moves the row by two.
        program.add_rows(np.ones((1, len(both))), both, -INF, 2.0 * self.limit, limit=self.kind, relax=2.0)

    def read(self, w: Vector, p: Problem) -> Readings:
        used = np.array([0.5 * float(np.abs(w - p.previous()).sum())])
        return Readings(self.kind, ("",), used, np.array([-np.inf]), np.array([self.limit]))

    def relaxed(self, by: float) -> MaxTurnover:
        return MaxTurnover(self.limit + by)

    def describe(self) -> str:
        return f"at most {percent(self.limit)} of the portfolio changes hands (one-way turnover)"

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        yield FIELD, self.limit, 1.0

    @classmethod
    def parse(cls, value: Any) -> MaxTurnover:
        return cls(value)
