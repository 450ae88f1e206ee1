"""No position that takes too long to sell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import Program
from portopt.terms.limits.liquidity import participation, participation_and_days
from portopt.terms.shared.checks import number, percent
from portopt.terms.shared.volumes import daily_capacity

FIELD = "limits.days_to_liquidate"
EXAMPLE = '{"participation": 0.2, "days": 10}'


@dataclass(frozen=True, slots=True)
class DaysToLiquidate(Limit):
    """|w_i| V  <=  participation * ADV_i * days,    for every tradable asset but cash

    Read in days: how long each position would take to sell at that share of an average day's volume.
    Source: the liquidity buckets of SEC rule 22e-4 and of UCITS risk reports are stated in these days.
    """

    participation: float
    days: float

    kind: ClassVar[str] = "days_to_liquidate"
    noun: ClassVar[str] = "the sale of all of"
    stops: ClassVar[str] = "the limit on days to sell"
    unit: ClassVar[str] = "days"

    def __post_init__(self) -> None:
        object.__setattr__(self, "participation", participation(FIELD, self.participation))
        object.__setattr__(self, "days", number(f"{FIELD}.days", self.days, low=0.0, example="10", counts="plain"))

    def express(self, program: Program, p: Problem) -> None:
        bound, rate, names = self._rates(p)
        program.add_bounds(bound, -rate * self.days, rate * self.days, limit=self.kind, members=names, relax=rate)

    def read(self, w: Vector, p: Problem) -> Readings:
        bound, rate, names = self._rates(p)
        needed = np.abs(w[bound]) / rate
        return Readings(self.kind, names, needed, np.full(len(bound), -np.inf), np.full(len(bound), self.days), self.unit)

    def relaxed(self, by: float) -> DaysToLiquidate:
        return DaysToLiquidate(self.participation, self.days + by)

    def describe(self) -> str:
        return f"every position sold within {self.days:g} days at {percent(self.participation)} of the average daily volume"

    def _rates(self, p: Problem) -> tuple[Indices, Vector, tuple[str, ...]]:
        capacity = daily_capacity(FIELD, self.participation, p)
        bound = np.flatnonzero(np.isfinite(capacity))
        return bound, capacity[bound], tuple(p.universe.ids[i] for i in bound)

    @classmethod
    def parse(cls, value: Any) -> DaysToLiquidate:
        return cls(*participation_and_days(FIELD, value, EXAMPLE))
