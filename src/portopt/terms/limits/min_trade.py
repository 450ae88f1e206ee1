"""A trade is nothing, or worth making."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.checks import number, options, percent, required
from portopt.terms.shared.choices import NOTHING, countable, names_of, reaches, trade_reaches, traded_columns

FIELD = "limits.min_trade"
EXAMPLE = "0.005"


@dataclass(frozen=True, slots=True)
class MinTrade(Limit):
    """w_i = w_prev_i  or  |w_i - w_prev_i| >= size - opened,    for every asset but cash

    A long holding smaller than `size` may be sold entirely. size: fraction of portfolio value. opened: zero in every
    request, there so that the limit can be opened. Read as what a trade falls short of the least one.
    Integer: b_i, s_i in {0, 1}, whether asset i is bought or sold.
    """

    size: float
    opened: float = 0.0

    kind: ClassVar[str] = "min_trade"
    noun: ClassVar[str] = "what is missing in the trade of"
    stops: ClassVar[str] = "the least size of a trade"
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", number(f"{FIELD}.size", self.size, low=0.0, example=EXAMPLE))
        object.__setattr__(self, "opened", number(f"{FIELD}.opened", self.opened, low=0.0, example="0.0"))

    def express(self, program: Program, p: Problem) -> None:
        at, least_sold = self._least(p)
        bought, sold = traded_columns(program, p)
        down, up = trade_reaches(p)
        now, eye = p.previous()[at], sp.eye_array(len(at))
        columns, names = np.concatenate([at, bought, sold]), names_of(p)
        above = sp.hstack([eye, -self.size * eye, sp.diags_array(down)])
        below = sp.hstack([eye, -sp.diags_array(up), sp.diags_array(least_sold)])
        program.add_rows(above, columns, now - self.opened, INF, limit=self.kind, members=names)
        program.add_rows(below, columns, -INF, now + self.opened, limit=self.kind, members=names)

    def read(self, w: Vector, p: Problem) -> Readings:
        at, least_sold = self._least(p)
        z = (w - p.previous())[at]
        least = np.where(z > 0.0, self.size, least_sold)
        short = np.where(np.abs(z) > NOTHING, np.maximum(least - np.abs(z), 0.0), 0.0)
        return Readings(self.kind, names_of(p), short, np.full(len(at), -np.inf), np.full(len(at), self.opened))

    def relaxed(self, by: float) -> MinTrade:
        return MinTrade(self.size, self.opened + by)

    def describe(self) -> str:
        return f"each trade nothing or at least {percent(max(self.size - self.opened, 0.0))} of the portfolio"

    def _least(self, p: Problem) -> tuple[Indices, Vector]:
        """Positions, and (k,) the least sale of each: the whole holding where that is smaller."""
        at = countable(p)
        now = p.previous()[at]
        closing = np.where((now > 0.0) & (reaches(p)[0] >= 0.0), now, np.inf)
        return at, np.minimum(self.size, closing)

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        yield FIELD, self.size, 1.0

    @classmethod
    def parse(cls, value: Any) -> MinTrade:
        if not isinstance(value, Mapping):
            return cls(value)
        given = options(FIELD, value, ("size", "opened"), example='{"size": 0.005}')
        return cls(required(FIELD, given, "size", example=EXAMPLE), given.get("opened") or 0.0)
