"""Limits that keep lots: what they say alike. s_k <= slack for the lots that are kept."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.lot_book import LotBook
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.lot_choice import lot_choice
from portopt.terms.shared.lots import lot_columns

PRECEDENCE = 14


class KeptLots(Limit, Protocol):
    """slack: zero in every request, there so that the limit can be opened like any other."""

    slack: float

    noun: ClassVar[str] = "the sale of"
    precedence: ClassVar[int] = PRECEDENCE
    unit: ClassVar[str] = "fraction"

    def kept(self, lots: LotBook) -> Indices:
        """Positions of the lots that are kept, ascending."""
        ...

    def kept_lots(self, p: Problem) -> Indices:
        return self.kept(p.held_lots())

    def express(self, program: Program, p: Problem) -> None:
        lots = p.held_lots()
        at = self.kept(lots)
        if len(at):
            columns = lot_columns(program, p).sold[at]
            program.add_bounds(columns, -INF, self.slack, limit=self.kind, members=lots.names(at))

    def read(self, w: Vector, p: Problem) -> Readings:
        lots = p.held_lots()
        at = self.kept(lots)
        sold = lot_choice(w, p).sold[at] if len(at) else np.zeros(0)
        return Readings(self.kind, lots.names(at), sold, np.full(len(at), -INF), np.full(len(at), self.slack))
