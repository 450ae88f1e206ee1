"""Nothing is bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Indices
from portopt.domain.universe import Universe
from portopt.terms.shared.checks import flag, number
from portopt.terms.shared.one_way import OneWay, beyond

FIELD = "limits.sell_only"


@dataclass(frozen=True, slots=True)
class SellOnly(OneWay):
    """w_i <= w_prev_i    for every asset but cash; w_prev: the book before the trade. slack: see OneWay."""

    slack: float = 0.0

    kind: ClassVar[str] = "sell_only"
    stops: ClassVar[str] = "sell-only"
    verb: ClassVar[str] = "bought"
    sold: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "slack", number(FIELD, self.slack, low=0.0))

    def at(self, universe: Universe) -> Indices:
        return np.flatnonzero(~universe.is_cash)

    @property
    def whom(self) -> str:
        return "every asset"

    def relaxed(self, by: float) -> SellOnly:
        return SellOnly(self.slack + by)

    def describe(self) -> str:
        return f"nothing {self.verb}{beyond(self.slack)}"

    @classmethod
    def parse(cls, value: Any) -> SellOnly | None:
        return cls() if flag(FIELD, value) else None
