"""Lots are held for so many days at least."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Indices
from portopt.domain.lot_book import LotBook
from portopt.terms.shared.checks import number
from portopt.terms.shared.kept_lots import KeptLots
from portopt.terms.shared.one_way import beyond

FIELD = "tax.min_holding_days"


@dataclass(frozen=True, slots=True)
class MinHoldingDays(KeptLots):
    """A lot younger than `days` is not sold, nor one of which nobody knows when it was bought."""

    days: float
    slack: float = 0.0

    kind: ClassVar[str] = "min_holding_days"
    stops: ClassVar[str] = "the holding period"

    def __post_init__(self) -> None:
        object.__setattr__(self, "days", number(FIELD, self.days, low=0.0, example="31", counts="plain"))

    def kept(self, lots: LotBook) -> Indices:
        return np.flatnonzero(~(lots.age >= self.days))

    def relaxed(self, by: float) -> MinHoldingDays:
        return MinHoldingDays(self.days, self.slack + by)

    def describe(self) -> str:
        return f"no lot sold that was held for less than {self.days:g} days{beyond(self.slack)}"

    @classmethod
    def parse(cls, value: Any) -> MinHoldingDays:
        return cls(value)
