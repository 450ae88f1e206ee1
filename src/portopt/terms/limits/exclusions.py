"""Assets that may not be held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import Program
from portopt.domain.universe import CASH, Asset
from portopt.terms.shared.checks import listed, number, options, percent, required
from portopt.terms.shared.members import unknown_name

FIELD = "limits.exclusions"
EXAMPLE = '["XOM", "CVX"]'


@dataclass(frozen=True, slots=True)
class Exclusions(Limit):
    """-most <= w_i <= most    for the assets named;  most: zero in every request, there so that the limit can be opened."""

    assets: tuple[str, ...]
    most: float = 0.0

    kind: ClassVar[str] = "exclusions"
    noun: ClassVar[str] = "the weight of"
    stops: ClassVar[str] = "the exclusion by name"
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        named = self.assets
        if isinstance(named, str) or not all(isinstance(name, str) for name in named):
            raise InvalidValue(FIELD, self.assets, "a list of asset ids is needed", fix=f"write {FIELD}: {EXAMPLE}")
        if not named:
            raise InvalidValue(FIELD, [], "names nothing", fix=f"write {FIELD}: {EXAMPLE}, or leave it out")
        if CASH in named:
            raise InvalidValue(FIELD, list(named), "does not bind cash", fix="write limits.fully_invested: true")
        object.__setattr__(self, "assets", tuple(dict.fromkeys(named)))
        object.__setattr__(self, "most", number(f"{FIELD}.most", self.most, low=0.0, example="0.0"))

    def express(self, program: Program, p: Problem) -> None:
        program.add_bounds(self._positions(p), -self.most, self.most, limit=self.kind, members=self.assets)

    def read(self, w: Vector, p: Problem) -> Readings:
        r = len(self.assets)
        return Readings(self.kind, self.assets, w[self._positions(p)], np.full(r, -self.most), np.full(r, self.most))

    def relaxed(self, by: float) -> Exclusions:
        return Exclusions(self.assets, self.most + by)

    def describe(self) -> str:
        return f"no {listed(self.assets)}" + (f" beyond {percent(self.most)}" if self.most else "")

    def bars(self, asset: Asset, held: float) -> str:
        if asset.id not in self.assets:
            return ""
        return f"it may not weigh more than {percent(self.most)}" if self.most else "it is excluded and may not be held"

    def _positions(self, p: Problem) -> Indices:
        for name in self.assets:
            if name not in p.universe.positions:
                raise unknown_name(FIELD, name, 0.0, p.universe.ids, "asset")
        return np.array([p.universe.positions[name] for name in self.assets], dtype=np.intp)

    @classmethod
    def parse(cls, value: Any) -> Exclusions:
        if isinstance(value, Mapping):
            given = options(FIELD, value, ("assets", "most"), example='{"assets": ["XOM"]}')
            return cls(required(FIELD, given, "assets", example=EXAMPLE), given.get("most") or 0.0)
        if not isinstance(value, list | tuple | set | frozenset):
            raise InvalidValue(FIELD, value, "a list of asset ids is needed", fix=f"write {FIELD}: {EXAMPLE}")
        return cls(tuple(value))
