"""Trades that somebody has decided: the rest is chosen around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import Program
from portopt.domain.universe import CASH, Asset
from portopt.terms.shared.checks import listed, mapping, number, percent
from portopt.terms.shared.members import unknown_name
from portopt.terms.shared.pins import Pin, pin_of

FIELD = "limits.pinned"
EXAMPLE = '{"AAPL": "+100", "MSFT": "none", "XOM": "3%", "JNJ": "$5,000"}'
LONG_FORM = {"trades", "slack"}
CENT = 0.01


@dataclass(frozen=True, slots=True)
class Pinned(Limit):
    """w_i = w_prev_i + trade_i,  or  w_i = weight_i,    for the assets named

    trades: by asset id. Where the portfolio's value is known, a trade is met to the cent: shares are worth whole cents, and the
    book's weights are counted so; no trade and a sale of everything are met exactly.
    slack: zero in every request, there so that the limit can be opened like any other.
    """

    trades: Mapping[str, Pin]
    slack: float = 0.0

    kind: ClassVar[str] = "pinned"
    noun: ClassVar[str] = "the weight of"
    stops: ClassVar[str] = "the trade that is pinned"
    unit: ClassVar[str] = "fraction"
    precedence: ClassVar[int] = 2

    def __post_init__(self) -> None:
        given = mapping(FIELD, self.trades, example=EXAMPLE)
        if not given:
            raise InvalidValue(FIELD, {}, "pins nothing", fix=f"write {FIELD}: {EXAMPLE}, or leave it out")
        if CASH in given:
            fix = 'write limits.cash: {"min": 0.02, "max": 0.02}'
            raise InvalidValue(f"{FIELD}.{CASH}", given[CASH], "is no trade: cash is what trades leave", fix=fix)
        object.__setattr__(self, "trades", {name: pin_of(f"{FIELD}.{name}", pin) for name, pin in given.items()})
        object.__setattr__(self, "slack", number(f"{FIELD}.slack", self.slack, low=0.0, example="0.0"))

    def express(self, program: Program, p: Problem) -> None:
        at, lower, upper = self._sides(p)
        program.add_bounds(at, lower, upper, limit=self.kind, members=tuple(self.trades))

    def read(self, w: Vector, p: Problem) -> Readings:
        at, lower, upper = self._sides(p)
        return Readings(self.kind, tuple(self.trades), w[at], lower, upper)

    def relaxed(self, by: float) -> Pinned:
        return Pinned(self.trades, self.slack + by)

    def bars(self, asset: Asset, held: float) -> str:
        return self.stops if asset.id in self.trades else ""

    def presses(self, asset: Asset, reading: Readings, *, up: bool) -> str:
        return "its trade is pinned"

    def describe(self) -> str:
        within = f", to within {percent(self.slack)}" if self.slack else ""
        return f"pinned: {listed(f'{name} {pin.describe()}' for name, pin in self.trades.items())}{within}"

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        for name, pin in self.trades.items():
            if pin.unit == "weight":
                yield f"{FIELD}.{name}", pin.amount, 1.0

    def _sides(self, p: Problem) -> tuple[Indices, Vector, Vector]:
        """(k,) positions, and what the weight of each may be."""
        for name, pin in self.trades.items():
            if name not in p.universe.positions:
                raise unknown_name(FIELD, name, pin.describe(), (i for i in p.universe.ids if i != CASH), "asset")
        at = np.array([p.universe.positions[name] for name in self.trades], dtype=np.intp)
        target = np.array([pin.target(i, p) for i, pin in zip(at.tolist(), self.trades.values(), strict=True)])
        cent = CENT / p.portfolio_value if p.portfolio_value else 0.0
        nothing = np.abs(target) <= cent
        exact = nothing | np.array([pin.is_none for pin in self.trades.values()])
        target = np.where(nothing, 0.0, target)
        room = np.where(exact, 0.0, cent) + self.slack
        return at, target - room, target + room

    @classmethod
    def parse(cls, value: Any) -> Pinned:
        given = mapping(FIELD, value, example=EXAMPLE)
        if given.keys() <= LONG_FORM and isinstance(given.get("trades"), Mapping):
            return cls(given["trades"], given.get("slack") or 0.0)
        return cls(given)
