"""No loss that would not count, and no purchase that takes away one that does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.lot_book import LotBook
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program
from portopt.terms.shared.lot_choice import NO_GAIN, lot_choice, spoiled
from portopt.terms.shared.lots import lot_columns
from portopt.terms.shared.one_way import beyond

FIELD = "tax.limits.wash_sales"


@dataclass(frozen=True, slots=True)
class WashSales(Limit):
    """s_k <= slack    for a losing lot whose like was bought within the days before
    w_i <= w_prev_i + slack    for an asset whose like was sold at a loss within them

    That nothing is bought whose like is sold at a loss today is not a limit but what lots are (terms/shared/lots.py).
    """

    slack: float = 0.0

    kind: ClassVar[str] = "wash_sales"
    noun: ClassVar[str] = "the trade of"
    stops: ClassVar[str] = "the wash-sale rule"
    precedence: ClassVar[int] = 14
    unit: ClassVar[str] = "fraction"

    def kept(self, lots: LotBook) -> Indices:
        return np.array([k for k in sorted(lots.blocked) if lots.gain[k] < -NO_GAIN], dtype=np.intp)

    def kept_lots(self, p: Problem) -> Indices:
        return self.kept(p.held_lots())

    def express(self, program: Program, p: Problem) -> None:
        lots = p.held_lots()
        at, no_buys = self.kept(lots), self._no_buys(lots)
        if len(at):
            columns = lot_columns(program, p).sold[at]
            program.add_bounds(columns, -INF, self.slack, limit=self.kind, members=lots.names(at))
        if len(no_buys):
            most = p.previous()[no_buys] + self.slack
            program.add_bounds(no_buys, -INF, most, limit=self.kind, members=p.universe.names(no_buys))

    def read(self, w: Vector, p: Problem) -> Readings:
        lots = p.held_lots()
        at, no_buys = np.union1d(self.kept(lots), spoiled(w, p)), self._no_buys(lots)
        sold = lot_choice(w, p).sold[at] if len(at) else np.zeros(0)
        measured = np.concatenate([sold, w[no_buys]])
        most = np.concatenate([np.full(len(at), self.slack), p.previous()[no_buys] + self.slack])
        members = (*lots.names(at), *p.universe.names(no_buys))
        return Readings(self.kind, members, measured, np.full(len(most), -INF), most)

    def _no_buys(self, lots: LotBook) -> Indices:
        return np.array(sorted(lots.no_buys), dtype=np.intp)

    def relaxed(self, by: float) -> WashSales:
        return WashSales(self.slack + by)

    def describe(self) -> str:
        return f"no wash sale{beyond(self.slack)}"

    @classmethod
    def parse(cls, value: Any) -> WashSales | None:
        if value is not True:
            why = "where the regime knows wash sales, they are avoided"
            raise InvalidValue(FIELD, value, why, fix="write tax.wash_sale_days as 0 to know none")
        return cls()
