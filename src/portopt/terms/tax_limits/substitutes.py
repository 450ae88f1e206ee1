"""Of the substitutes of an asset the best that may be bought, and no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.one_way import beyond

FIELD = "tax.limits.substitutes"


@dataclass(frozen=True, slots=True)
class Substitutes(Limit):
    """w_i <= w_prev_i + slack    for a substitute while one ranked before it may be bought"""

    slack: float = 0.0

    kind: ClassVar[str] = "substitutes"
    noun: ClassVar[str] = "the weight of"
    stops: ClassVar[str] = "the rank among substitutes"
    precedence: ClassVar[int] = 14
    unit: ClassVar[str] = "fraction"

    def _at(self, p: Problem) -> Indices:
        return np.array(sorted(p.held_lots().later), dtype=np.intp)

    def express(self, program: Program, p: Problem) -> None:
        at = self._at(p)
        if len(at):
            program.add_bounds(at, -INF, p.previous()[at] + self.slack, limit=self.kind, members=p.universe.names(at))

    def read(self, w: Vector, p: Problem) -> Readings:
        at = self._at(p)
        return Readings(self.kind, p.universe.names(at), w[at], np.full(len(at), -INF), p.previous()[at] + self.slack)

    def relaxed(self, by: float) -> Substitutes:
        return Substitutes(self.slack + by)

    def describe(self) -> str:
        return f"of several substitutes only the first that may be bought{beyond(self.slack)}"

    @classmethod
    def parse(cls, value: Any) -> Substitutes | None:
        if not isinstance(value, bool):
            raise InvalidValue(FIELD, value, "true or false is needed", fix=f"leave {FIELD} out; tax.substitutes ranks them")
        return cls() if value else None
