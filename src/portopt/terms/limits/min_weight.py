"""No position too small."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Mask, Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.domain.universe import Universe
from portopt.terms.shared.checks import EVERY, by_asset, listed, percent
from portopt.terms.shared.members import per_asset

FIELD = "limits.min_weight"
EXAMPLE = '0.01 or {"AAPL": 0.05}'


@dataclass(frozen=True, slots=True)
class MinWeight(Limit):
    """w_i >= floors[i].

    floors: fraction by asset id, "*" for every tradable asset but cash that is not named; one number is {"*": number}.
    A negative floor says how far an asset may be sold short.
    """

    floors: Mapping[str, float]

    kind: ClassVar[str] = "min_weight"
    noun: ClassVar[str] = "the weight of"
    stops: ClassVar[str] = "the position floor"
    precedence: ClassVar[int] = 12
    floors_positions: ClassVar[bool] = True
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        object.__setattr__(self, "floors", by_asset(FIELD, self.floors, example=EXAMPLE, cash='{"min": 0.01}'))

    def express(self, program: Program, p: Problem) -> None:
        floors = self._floors(p)
        bound = np.flatnonzero(~np.isnan(floors))
        names = [p.universe.ids[i] for i in bound]
        program.add_bounds(bound, floors[bound], INF, limit=self.kind, members=names)

    def read(self, w: Vector, p: Problem) -> Readings:
        floors = self._floors(p)
        bound = np.flatnonzero(~np.isnan(floors))
        names = tuple(p.universe.ids[i] for i in bound)
        return Readings(self.kind, names, w[bound], floors[bound], np.full(len(bound), np.inf))

    def relaxed(self, by: float) -> MinWeight:
        return MinWeight({name: floor - by for name, floor in self.floors.items()})

    def describe(self) -> str:
        named = [f"{name} at least {percent(floor)}" for name, floor in self.floors.items() if name != EVERY]
        if EVERY in self.floors:
            other = "every other" if named else "each"
            named.append(f"{other} position at least {percent(self.floors[EVERY])}")
        return listed(named)

    def _floors(self, p: Problem) -> Vector:
        return per_asset(FIELD, self.floors, p.universe, _tradable(p.universe))

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        for name, value in self.floors.items():
            yield FIELD if name == EVERY else f"{FIELD}.{name}", value, 1.0

    @classmethod
    def parse(cls, value: Any) -> MinWeight:
        return cls(value)


def _tradable(universe: Universe) -> Mask:
    # A frozen holding cannot be bought up to a floor meant for every position.
    tradable = np.array([asset.tradable for asset in universe.assets], dtype=bool)
    return np.asarray(tradable & ~universe.is_cash)
