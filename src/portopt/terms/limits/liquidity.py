"""No trade larger than the market takes in a few days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import Program
from portopt.terms.shared.checks import number, options, percent, required
from portopt.terms.shared.volumes import daily_capacity

FIELD = "limits.liquidity"
EXAMPLE = '{"participation": 0.1, "days": 5}'


@dataclass(frozen=True, slots=True)
class Liquidity(Limit):
    """|w_i - w_prev_i| V  <=  participation * ADV_i * days,    for every tradable asset but cash

    Read in days: how long each trade takes at that share of an average day's volume. V: portfolio value; ADV_i: average
    value traded in a day. participation: share of the volume one is willing to be, in (0, 1].
    Source: Grinold and Kahn (2000), ch. 16.
    """

    participation: float
    days: float

    kind: ClassVar[str] = "liquidity"
    noun: ClassVar[str] = "the trade in"
    stops: ClassVar[str] = "the liquidity limit"
    unit: ClassVar[str] = "days"

    def __post_init__(self) -> None:
        object.__setattr__(self, "participation", participation(FIELD, self.participation))
        object.__setattr__(self, "days", number(f"{FIELD}.days", self.days, low=0.0, example="5", counts="plain"))

    def express(self, program: Program, p: Problem) -> None:
        bound, rate, names = self._rates(p)
        center = p.previous()[bound]
        reach = rate * self.days
        program.add_bounds(bound, center - reach, center + reach, limit=self.kind, members=names, relax=rate)

    def read(self, w: Vector, p: Problem) -> Readings:
        bound, rate, names = self._rates(p)
        took = np.abs(w - p.previous())[bound] / rate
        return Readings(self.kind, names, took, np.full(len(bound), -np.inf), np.full(len(bound), self.days), self.unit)

    def relaxed(self, by: float) -> Liquidity:
        return Liquidity(self.participation, self.days + by)

    def describe(self) -> str:
        return f"no trade longer than {self.days:g} days at {percent(self.participation)} of the average daily volume"

    def _rates(self, p: Problem) -> tuple[Indices, Vector, tuple[str, ...]]:
        capacity = daily_capacity(FIELD, self.participation, p)
        bound = np.flatnonzero(np.isfinite(capacity))
        return bound, capacity[bound], tuple(p.universe.ids[i] for i in bound)

    @classmethod
    def parse(cls, value: Any) -> Liquidity:
        return cls(*participation_and_days(FIELD, value, EXAMPLE))


def participation(field: str, value: Any) -> float:
    """A share of a day's volume, in (0, 1]. Raises InvalidValue."""
    share = number(f"{field}.participation", value, low=0.0, high=1.0, example="0.1")
    if share == 0.0:
        raise InvalidValue(f"{field}.participation", value, "nothing could be traded", fix="write 0.1")
    return share


def participation_and_days(field: str, value: Any, example: str) -> tuple[Any, Any]:
    """Both options of {"participation": 0.1, "days": 5}, unchecked; a number alone is days at a tenth of the volume."""
    if not isinstance(value, Mapping):
        value = {"days": value}
    given = options(field, value, ("participation", "days"), example=example)
    share = given.get("participation")
    return 0.1 if share is None else share, required(field, given, "days", example=example)
