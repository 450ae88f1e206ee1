"""A position is nothing, or worth having."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.checks import EVERY, by_asset, listed, number, options, percent, required
from portopt.terms.shared.choices import FURTHEST_POSITION, NOTHING, countable, held_columns, reaches
from portopt.terms.shared.members import per_asset

FIELD = "limits.min_position"
EXAMPLE = '0.01 or {"AAPL": 0.05, "*": 0.01}'


@dataclass(frozen=True, slots=True)
class MinPosition(Limit):
    """w_i = 0  or  |w_i| >= floors[i] - opened,    for every asset but cash

    floors: fraction by asset id, "*" for every tradable asset not named; one number is {"*": number}. opened: zero in every
    request, there so that the limit can be opened. Read as what a position falls short of its floor.
    Integer: h_i in {0, 1}, w_i >= floor_i h_i; where shorts are allowed a second column for the side.
    Source: Beale and Forrest (1976) for semicontinuous variables; Jobst, Horniman, Lucas and Mitra (2001).
    """

    floors: Mapping[str, float]
    opened: float = 0.0

    kind: ClassVar[str] = "min_position"
    noun: ClassVar[str] = "what is missing in"
    stops: ClassVar[str] = "the least size of a position"
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        floors = by_asset(FIELD, self.floors, low=0.0, example=EXAMPLE, cash='{"min": 0.01}')
        object.__setattr__(self, "floors", floors)
        object.__setattr__(self, "opened", number(f"{FIELD}.opened", self.opened, low=0.0, example="0.0"))

    def express(self, program: Program, p: Problem) -> None:
        at, floor, names = self._floors(p)
        held = held_columns(program, p)[np.searchsorted(countable(p), at)]
        k, eye = len(at), sp.eye_array(len(at))
        F = sp.diags_array(floor)
        if reaches(p)[0] >= 0.0:
            block = sp.hstack([eye, -F])
            program.add_rows(block, np.concatenate([at, held]), -self.opened, INF, limit=self.kind, members=names)
            return
        # short_i in {0, 1}: w_i >= floor h_i - R short_i  and  -w_i >= floor h_i - R (1 - short_i), R out of reach.
        short = program.add_columns(k, lower=0.0, upper=1.0, integer=True)
        R = (FURTHEST_POSITION + float(floor.max(initial=0.0))) * eye
        columns = np.concatenate([at, held, short])
        above = sp.hstack([eye, -F, R])
        below = sp.hstack([-eye, -F, -R])
        reach = FURTHEST_POSITION + float(floor.max(initial=0.0))
        program.add_rows(above, columns, -self.opened, INF, limit=self.kind, members=names)
        program.add_rows(below, columns, -self.opened - reach, INF, limit=self.kind, members=names)

    def read(self, w: Vector, p: Problem) -> Readings:
        at, floor, names = self._floors(p)
        size = np.abs(w[at])
        short = np.where(size > NOTHING, np.maximum(floor - size, 0.0), 0.0)
        return Readings(self.kind, names, short, np.full(len(at), -np.inf), np.full(len(at), self.opened))

    def relaxed(self, by: float) -> MinPosition:
        return MinPosition(self.floors, self.opened + by)

    def describe(self) -> str:
        named = [f"{name} nothing or at least {self._open(f)}" for name, f in self.floors.items() if name != EVERY]
        if EVERY in self.floors:
            named.append(f"{'every other' if named else 'each'} position nothing or at least {self._open(self.floors[EVERY])}")
        return listed(named)

    def _open(self, floor: float) -> str:
        return percent(max(floor - self.opened, 0.0))

    def _floors(self, p: Problem) -> tuple[Indices, Vector, tuple[str, ...]]:
        tradable = np.array([asset.tradable for asset in p.universe.assets], dtype=bool)
        floors = per_asset(FIELD, self.floors, p.universe, ~p.universe.is_cash & tradable)
        at = np.flatnonzero(~np.isnan(floors))
        return at, floors[at], tuple(p.universe.ids[i] for i in at)

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        for name, value in self.floors.items():
            yield FIELD if name == EVERY else f"{FIELD}.{name}", value, 1.0

    @classmethod
    def parse(cls, value: Any) -> MinPosition:
        if isinstance(value, Mapping) and set(value) <= {"floors", "opened"} and value:
            given = options(FIELD, value, ("floors", "opened"), example=EXAMPLE)
            return cls(required(FIELD, given, "floors", example=EXAMPLE), given.get("opened") or 0.0)
        return cls(value)
