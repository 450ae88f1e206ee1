"""No position too large."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.checks import EVERY, by_asset, listed, percent
from portopt.terms.shared.members import per_asset

FIELD = "limits.max_weight"
EXAMPLE = '0.10 or {"AAPL": 0.2, "*": 0.1}'


@dataclass(frozen=True, slots=True)
class MaxWeight(Limit):
    """w_i <= caps[i], for every asset but cash.

    caps: fraction by asset id, "*" for every asset not named; one number is {"*": number}.
    """

    caps: Mapping[str, float]

    kind: ClassVar[str] = "max_weight"
    noun: ClassVar[str] = "the weight of"
    stops: ClassVar[str] = "the position cap"
    precedence: ClassVar[int] = 11
    caps_positions: ClassVar[bool] = True
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        object.__setattr__(self, "caps", by_asset(FIELD, self.caps, low=0.0, example=EXAMPLE, cash='{"max": 0.02}'))

    def express(self, program: Program, p: Problem) -> None:
        caps = self._caps(p)
        bound = np.flatnonzero(~np.isnan(caps))
        names = p.universe.names(bound)
        program.add_bounds(bound, -INF, caps[bound], limit=self.kind, members=names)

    def read(self, w: Vector, p: Problem) -> Readings:
        caps = self._caps(p)
        bound = np.flatnonzero(~np.isnan(caps))
        names = p.universe.names(bound)
        return Readings(self.kind, names, w[bound], np.full(len(bound), -np.inf), caps[bound])

    def relaxed(self, by: float) -> MaxWeight:
        return MaxWeight({name: cap + by for name, cap in self.caps.items()})

    def describe(self) -> str:
        named = [f"{name} at most {percent(cap)}" for name, cap in self.caps.items() if name != EVERY]
        if EVERY in self.caps:
            other = "every other" if named else "each"
            named.append(f"{other} position at most {percent(self.caps[EVERY])}")
        return listed(named)

    def _caps(self, p: Problem) -> Vector:
        return per_asset(FIELD, self.caps, p.universe, ~p.universe.is_cash)

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        for name, value in self.caps.items():
            yield FIELD if name == EVERY else f"{FIELD}.{name}", value, 1.0

    @classmethod
    def parse(cls, value: Any) -> MaxWeight:
        return cls(value)
