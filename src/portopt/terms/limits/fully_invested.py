"""Nothing stays in cash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import Program
from portopt.domain.universe import CASH
from portopt.terms.shared.checks import flag, number, percent


@dataclass(frozen=True, slots=True)
class FullyInvested(Limit):
    """w[CASH] = 0.  slack: how much cash, held or borrowed, is let pass; zero in every request, more once opened."""

    slack: float = 0.0

    kind: ClassVar[str] = "fully_invested"
    noun: ClassVar[str] = "the weight of"
    stops: ClassVar[str] = "the ban on cash"
    precedence: ClassVar[int] = 7
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        object.__setattr__(self, "slack", number("limits.fully_invested", self.slack, low=0.0))

    def express(self, program: Program, p: Problem) -> None:
        at = p.universe.cash_position
        if at is not None:
            program.add_bounds(np.array([at]), -self.slack, self.slack, limit=self.kind, members=(CASH,))

    def read(self, w: Vector, p: Problem) -> Readings:
        at = p.universe.cash_position
        held = np.array([0.0 if at is None else float(w[at])])
        return Readings(self.kind, (CASH,), held, np.array([-self.slack]), np.array([self.slack]))

    def relaxed(self, by: float) -> FullyInvested:
        return FullyInvested(self.slack + by)

    def of_cash(self, held: float, *, up: bool) -> str:
        return "none, the portfolio is to be fully invested"

    def describe(self) -> str:
        return f"fully invested but for {percent(self.slack)} of cash" if self.slack else "fully invested: no cash"

    @classmethod
    def parse(cls, value: Any) -> FullyInvested | None:
        return cls() if flag("limits.fully_invested", value) else None
