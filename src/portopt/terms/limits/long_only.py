"""Nothing is sold short, and cash is not borrowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.checks import flag, number, percent


@dataclass(frozen=True, slots=True)
class LongOnly(Limit):
    """w_i >= -slack, cash included.  slack: zero in every request, there so that the limit can be opened like any other."""

    slack: float = 0.0

    kind: ClassVar[str] = "long_only"
    noun: ClassVar[str] = "the weight of"
    stops: ClassVar[str] = "the ban on short positions"
    structural: ClassVar[bool] = True
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        object.__setattr__(self, "slack", number("limits.long_only", self.slack, low=0.0))

    def express(self, program: Program, p: Problem) -> None:
        program.add_bounds(program.weights, -self.slack, INF, limit=self.kind, members=p.universe.ids)

    def read(self, w: Vector, p: Problem) -> Readings:
        return Readings(self.kind, p.universe.ids, w, np.full(p.n, -self.slack), np.full(p.n, np.inf))

    def relaxed(self, by: float) -> LongOnly:
        return LongOnly(self.slack + by)

    def describe(self) -> str:
        return f"no position sold short by more than {percent(self.slack)}" if self.slack else "no position sold short"

    @classmethod
    def parse(cls, value: Any) -> LongOnly | None:
        return cls() if flag("limits.long_only", value) else None
