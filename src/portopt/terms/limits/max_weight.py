"""No position too large."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.checks import EVERY, by_asset, listed, percent
from portopt.terms.shared.members import per_asset
from portopt.terms.shared.seen_through import Through, rows_of

FIELD = "limits.max_weight"
EXAMPLE = '0.10 or {"AAPL": 0.2, "*": 0.1}'


@dataclass(frozen=True, slots=True)
class MaxWeight(Limit):
    """w_i + sum_f S_if w_f <= caps[i], for every asset but cash, and for every name that a fund is told to hold.

    S: what share of fund f is i (an asset's composition); where no composition names assets, w_i <= caps[i].
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
        bound, caps, seen = self._bound(p)
        program.add_bounds(bound, -INF, caps, limit=self.kind, members=p.universe.names(bound))
        if seen.names:
            program.add_rows(seen.S, program.weights, -INF, seen.caps, limit=self.kind, members=seen.names)

    def read(self, w: Vector, p: Problem) -> Readings:
        bound, caps, seen = self._bound(p)
        names = (*seen.names, *p.universe.names(bound))
        measured, most = np.concatenate([seen.S @ w, w[bound]]), np.concatenate([seen.caps, caps])
        return Readings(self.kind, names, measured, np.full(len(names), -np.inf), most)

    def relaxed(self, by: float) -> MaxWeight:
        return MaxWeight({name: cap + by for name, cap in self.caps.items()})

    def describe(self) -> str:
        named = [f"{name} at most {percent(cap)}" for name, cap in self.caps.items() if name != EVERY]
        if EVERY in self.caps:
            other = "every other" if named else "each"
            named.append(f"{other} position at most {percent(self.caps[EVERY])}")
        return listed(named)

    def _bound(self, p: Problem) -> tuple[Indices, Vector, Through]:
        """Positions that are bound as they stand, their caps, and the names that funds hold too, each with its row."""
        if not p.universe.sees_through:
            caps = per_asset(FIELD, self.caps, p.universe, ~p.universe.is_cash)
            at = np.flatnonzero(~np.isnan(caps))
            return at, caps[at], Through((), sp.csr_array((0, p.n)), np.zeros(0))
        held = p.universe.held_through()
        here = {name: cap for name, cap in self.caps.items() if name in p.universe.positions or name not in held}
        caps = per_asset(FIELD, here, p.universe, ~p.universe.is_cash)
        seen = tuple(name for name in held if name in self.caps or EVERY in self.caps)
        caps[[p.universe.positions[name] for name in seen if name in p.universe.positions]] = np.nan
        at = np.flatnonzero(~np.isnan(caps))
        most = np.array([self.caps.get(name, self.caps.get(EVERY, np.nan)) for name in seen])
        return at, caps[at], Through(seen, rows_of(seen, held, p.universe), most)

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        for name, value in self.caps.items():
            yield FIELD if name == EVERY else f"{FIELD}.{name}", value, 1.0

    @classmethod
    def parse(cls, value: Any) -> MaxWeight:
        return cls(value)
