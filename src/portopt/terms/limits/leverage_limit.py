"""How much may be invested, long and short added."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.checks import number, percent

FIELD = "limits.leverage_limit"
MOST = 20.0  # more than this may be a percentage written as a number


@dataclass(frozen=True, slots=True)
class LeverageLimit(Limit):
    """sum |w_i|  <=  limit, over every asset but cash        (gross exposure; 1.5 is 150 %)"""

    limit: float

    kind: ClassVar[str] = "leverage_limit"
    noun: ClassVar[str] = "gross exposure"
    stops: ClassVar[str] = "the leverage limit"
    precedence: ClassVar[int] = 6
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        object.__setattr__(self, "limit", number(FIELD, self.limit, low=0.0, example="1.5"))

    def express(self, program: Program, p: Problem) -> None:
        invested = np.flatnonzero(~p.universe.is_cash)
        m = len(invested)
        longs, shorts = program.add_columns(m, lower=0.0), program.add_columns(m, lower=0.0)
        split = sp.coo_array((np.repeat([1.0, -1.0, 1.0], m), (np.tile(np.arange(m), 3), np.arange(3 * m))), shape=(m, 3 * m))
        program.add_rows(split, np.concatenate([invested, longs, shorts]), 0.0, 0.0, limit="", relax=0.0)
        program.add_rows(np.ones((1, 2 * m)), np.concatenate([longs, shorts]), -INF, self.limit, limit=self.kind)

    def read(self, w: Vector, p: Problem) -> Readings:
        gross = np.array([float(np.abs(w[~p.universe.is_cash]).sum())])
        return Readings(self.kind, ("",), gross, np.array([-np.inf]), np.array([self.limit]))

    def relaxed(self, by: float) -> LeverageLimit:
        return LeverageLimit(self.limit + by)

    def describe(self) -> str:
        return f"gross exposure at most {percent(self.limit)}"

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        yield FIELD, self.limit, MOST

    @classmethod
    def parse(cls, value: Any) -> LeverageLimit:
        return cls(number(FIELD, value, low=0.0, example="1.5"))
