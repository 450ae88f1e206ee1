"""Trades in whole lots, inside the problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import Program
from portopt.domain.request import TradingRules
from portopt.domain.steps import step_of
from portopt.terms.shared.checks import number, options, required
from portopt.terms.shared.choices import countable, money

FIELD = "limits.round_lots"
EXAMPLE = '{"lot": 100}'


@dataclass(frozen=True, slots=True)
class RoundLots(Limit):
    """w_i = w_prev_i + lot * price_i / V * k_i,    k_i a whole number, for every asset but cash

    lot: shares; an asset whose units say another lot goes in that, and one that trades in decimals in no lots. opened: how far,
    a fraction of portfolio value, a weight may be from whole lots; zero in every request. Costs are not taken from cash here:
    the plan in whole shares does that to the cent. This one chooses the weights as whole lots together with everything else.
    """

    lot: int
    opened: float = 0.0

    kind: ClassVar[str] = "round_lots"
    noun: ClassVar[str] = "the distance from whole lots of"
    stops: ClassVar[str] = "the whole-lot rule"
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        lot = number(f"{FIELD}.lot", self.lot, low=1.0, high=1e9, example="100", counts="plain")
        if lot != int(lot):
            raise InvalidValue(f"{FIELD}.lot", self.lot, "a whole number of shares is needed", fix=f"write {int(lot)}")
        object.__setattr__(self, "lot", int(lot))
        object.__setattr__(self, "opened", number(f"{FIELD}.opened", self.opened, low=0.0, example="0.0"))

    def express(self, program: Program, p: Problem) -> None:
        invested = p.limit("fully_invested")
        if invested is not None and not invested.soft:
            raise InvalidValue(
                FIELD,
                self.lot,
                "whole lots never add up to exactly the whole portfolio, which fully_invested asks for",
                fix='write limits.cash: {"max": 0.02} instead of fully_invested',
            )
        at, unit = self._units(p)
        now = p.previous()[at]
        lots = program.add_columns(len(at), integer=True)
        block = sp.hstack([sp.eye_array(len(at)), -sp.diags_array(unit)])
        columns = np.concatenate([at, lots])
        names = p.universe.names(at)
        program.add_rows(block, columns, now - self.opened, now + self.opened, limit=self.kind, members=names)

    def read(self, w: Vector, p: Problem) -> Readings:
        at, unit = self._units(p)
        z = (w - p.previous())[at]
        off = np.abs(z - unit * np.round(z / unit))
        return Readings(self.kind, p.universe.names(at), off, np.full(len(at), -np.inf), np.full(len(at), self.opened))

    def relaxed(self, by: float) -> RoundLots:
        return RoundLots(self.lot, self.opened + by)

    def describe(self) -> str:
        return "trades in whole shares" if self.lot == 1 else f"trades in lots of {self.lot} shares"

    def _units(self, p: Problem) -> tuple[Indices, Vector]:
        """Positions, and (k,) the weight of a lot."""
        prices, value = money(FIELD, p)
        rules = TradingRules(lot_size=self.lot)
        steps = {int(i): step_of(p.universe.assets[i], rules) for i in countable(p)} if p.universe.units else {}
        at = np.array([i for i in countable(p) if not (i in steps and steps[i].fine)], dtype=np.intp)
        lots = np.array([float(steps[i].size) if i in steps else self.lot for i in at.tolist()])
        return at, lots * prices[at] / value

    @classmethod
    def parse(cls, value: Any) -> RoundLots | None:
        if isinstance(value, bool):
            return cls(1) if value else None
        given = options(FIELD, value if isinstance(value, Mapping) else {"lot": value}, ("lot", "opened"), example=EXAMPLE)
        return cls(required(FIELD, given, "lot", example=EXAMPLE), given.get("opened") or 0.0)
