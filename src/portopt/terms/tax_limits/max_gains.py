"""Budgets for the gains that are realized."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.checks import options
from portopt.terms.shared.lot_choice import lot_choice
from portopt.terms.shared.lots import lot_columns
from portopt.terms.shared.money import money, opened

FIELD = "tax.limits.max_gains"
EXAMPLE = '{"short": 0, "net": "10000"}'
OF = {"short": (1.0, 0.0), "long": (0.0, 1.0), "net": (1.0, 1.0)}


@dataclass(frozen=True, slots=True)
class MaxGains(Limit):
    """S <= short,  L <= long,  S + L <= net        S, L: net gains that these sales realize, money over V

    Each in the portfolio's currency; None does not bind. slack: a fraction of portfolio value.
    value: of the portfolio, money, for words; 0 where nobody said.
    """

    short: Decimal | None = None
    long: Decimal | None = None
    net: Decimal | None = None
    slack: float = 0.0
    value: float = 0.0

    kind: ClassVar[str] = "max_gains"
    noun: ClassVar[str] = "the gain realized"
    stops: ClassVar[str] = "the gain budget"
    precedence: ClassVar[int] = 15
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        for name in OF:
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else money(f"{FIELD}.{name}", value))

    @property
    def said(self) -> tuple[str, ...]:
        """The budgets that bind."""
        return tuple(name for name in OF if getattr(self, name) is not None)

    def on_gains(self, p: Problem) -> tuple[tuple[float, float, float], ...]:
        value = p.held_lots().value
        return tuple((*OF[name], float(getattr(self, name)) / value + self.slack) for name in self.said)

    def express(self, program: Program, p: Problem) -> None:
        columns = lot_columns(program, p)
        at = np.concatenate([columns.short, columns.long])
        for name, (a, b, most) in zip(self.said, self.on_gains(p), strict=True):
            program.add_rows(np.array([[a, b]]), at, -INF, most, limit=self.kind, members=(name,))

    def read(self, w: Vector, p: Problem) -> Readings:
        choice, sides = lot_choice(w, p), self.on_gains(p)
        measured = np.array([a * choice.short + b * choice.long for a, b, _ in sides])
        return Readings(self.kind, self.said, measured, np.full(len(sides), -INF), np.array([most for *_, most in sides]))

    def relaxed(self, by: float) -> MaxGains:
        return replace(self, slack=self.slack + by)

    def describe(self) -> str:
        parts = [
            f"{'net' if name == 'net' else f'{name}-term'} gains of at most {opened(most, self.slack, self.value)}"
            for name in self.said
            if (most := getattr(self, name)) is not None
        ]
        return " and ".join(parts)

    @classmethod
    def parse(cls, value: Any) -> MaxGains | None:
        given = options(FIELD, value, tuple(OF), example=EXAMPLE)
        limit = cls(**{name: item for name, item in given.items() if item is not None})
        return limit if limit.said else None
