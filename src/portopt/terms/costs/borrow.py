"""What it costs to keep a short position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Cost, Problem
from portopt.domain.program import INF, Program
from portopt.terms.shared.checks import EVERY, by_asset, options, percent, required
from portopt.terms.shared.members import per_asset

FIELD = "costs.borrow"
EXAMPLE = '{"rate": 0.01} or {"rate": {"GME": 0.2, "*": 0.01}}'


@dataclass(frozen=True, slots=True)
class Borrow(Cost):
    """sum_i  rate_i * max(-w_i, 0)  a year        (cash left out)

    rate: the annual fee for borrowed stock, a fraction, one number or by asset id, "*" for every asset not named. It is paid
    by the year: over a holding period of h years h times as much.
    Source: D'Avolio (2002), The market for borrowing stock.
    """

    rate: Mapping[str, float]

    kind: ClassVar[str] = "borrow"

    def __post_init__(self) -> None:
        rates = by_asset(f"{FIELD}.rate", self.rate, low=0.0, example="0.01", cash="a rate on cash is its expected return")
        for name, rate in rates.items():
            if rate > 10.0:
                raise InvalidValue(f"{FIELD}.rate", rate, f"is {100 * rate:g} % a year for {name}", fix=f"write {rate / 100:g}")
        object.__setattr__(self, "rate", rates)

    def express(self, program: Program, p: Problem) -> None:
        """One column an asset above -w_i and above zero; none where nothing may be sold short."""
        rate = self._rates(p)
        lent = np.flatnonzero(rate > 0.0)
        if not p.objective.charges_costs or not len(lent) or p.limit("long_only") is not None:
            return
        short = program.add_columns(len(lent), lower=0.0)
        block = np.hstack([np.eye(len(lent)), np.eye(len(lent))])
        program.add_rows(block, np.concatenate([lent, short]), 0.0, INF, limit="", relax=0.0)
        program.add_linear(short, rate[lent])

    def value(self, w: Vector, p: Problem) -> float:
        if p.limit("long_only") is not None:
            return 0.0
        return float(self._rates(p) @ np.maximum(-w, 0.0)) * p.holding_period_years

    def convex_value(self, w: Vector, p: Problem) -> float:
        return self.value(w, p)

    def describe(self) -> str:
        named = [f"{name} {percent(rate)}" for name, rate in self.rate.items() if name != EVERY]
        other = [f"{'others ' if named else ''}{percent(self.rate[EVERY])}"] if EVERY in self.rate else []
        return f"a fee on short positions of {', '.join(named + other)} a year"

    def _rates(self, p: Problem) -> Vector:
        return np.nan_to_num(per_asset(f"{FIELD}.rate", self.rate, p.universe, ~p.universe.is_cash))

    @classmethod
    def parse(cls, value: Any) -> Borrow:
        given = options(FIELD, value if isinstance(value, Mapping) else {"rate": value}, ("rate",), example=EXAMPLE)
        return cls(required(FIELD, given, "rate", example=EXAMPLE))
