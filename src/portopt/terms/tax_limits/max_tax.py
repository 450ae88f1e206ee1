"""A budget for the tax."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.lot_choice import lot_choice
from portopt.terms.shared.lots import express_due
from portopt.terms.shared.money import money, opened

FIELD = "tax.limits.max_tax"


@dataclass(frozen=True, slots=True)
class MaxTax(Limit):
    """due(S, L) - due(S_0, L_0)  <=  limit / V        (terms/shared/lots.py)

    limit: money in the portfolio's currency, of what these sales add to the year's tax. slack: a fraction of portfolio value.
    value: of the portfolio, money, for words; 0 where nobody said.
    """

    limit: Decimal
    slack: float = 0.0
    value: float = 0.0

    kind: ClassVar[str] = "max_tax"
    noun: ClassVar[str] = "the tax"
    stops: ClassVar[str] = "the tax budget"
    precedence: ClassVar[int] = 15
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        object.__setattr__(self, "limit", money(FIELD, self.limit))

    def express(self, program: Program, p: Problem) -> None:
        due = express_due(program, p)
        most = self._most(p) + p.held_lots().due_before
        program.add_rows(np.ones((1, 1)), due, -INF, most, limit=self.kind)

    def read(self, w: Vector, p: Problem) -> Readings:
        return Readings(self.kind, ("",), np.array([lot_choice(w, p).due]), np.array([-INF]), np.array([self._most(p)]))

    def _most(self, p: Problem) -> float:
        return float(self.limit) / p.held_lots().value + self.slack

    def relaxed(self, by: float) -> MaxTax:
        return replace(self, slack=self.slack + by)

    def describe(self) -> str:
        return f"tax of at most {opened(self.limit, self.slack, self.value)}"

    @classmethod
    def parse(cls, value: Any) -> MaxTax:
        return cls(value)
