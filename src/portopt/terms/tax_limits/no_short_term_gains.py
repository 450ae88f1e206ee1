"""No gain that would be taxed as a short one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Indices
from portopt.domain.errors import InvalidValue
from portopt.domain.lot_book import LotBook
from portopt.terms.shared.kept_lots import KeptLots
from portopt.terms.shared.lot_choice import NO_GAIN
from portopt.terms.shared.one_way import beyond

FIELD = "tax.limits.no_short_term_gains"


@dataclass(frozen=True, slots=True)
class NoShortTermGains(KeptLots):
    """A short lot is sold at a loss or not at all; one of unknown cost counts as a gain."""

    slack: float = 0.0

    kind: ClassVar[str] = "no_short_term_gains"
    stops: ClassVar[str] = "the rule against short-term gains"

    def kept(self, lots: LotBook) -> Indices:
        return np.flatnonzero(lots.short & (lots.gain > NO_GAIN))

    def relaxed(self, by: float) -> NoShortTermGains:
        return NoShortTermGains(self.slack + by)

    def describe(self) -> str:
        return f"no lot sold at a short-term gain{beyond(self.slack)}"

    @classmethod
    def parse(cls, value: Any) -> NoShortTermGains | None:
        if not isinstance(value, bool):
            raise InvalidValue(FIELD, value, "true or false is needed", fix=f"write {FIELD} as true, or leave it out")
        return cls() if value else None
