"""What stays as it is: neither bought nor sold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Indices
from portopt.domain.universe import Universe
from portopt.terms.shared.checks import number
from portopt.terms.shared.one_way import (
    Member,
    OneWay,
    beyond,
    checked_members,
    groups_read,
    in_words,
    members_of,
    positions_of,
)

FIELD = "limits.keep"


@dataclass(frozen=True, slots=True)
class Keep(OneWay):
    """w_i = w_prev_i    for the assets named; w_prev: the book before the trade

    assets: ids, and groups by one attribute each, {"sector": "Energy"}. slack: see OneWay.
    """

    assets: tuple[Member, ...]
    slack: float = 0.0

    kind: ClassVar[str] = "keep"
    stops: ClassVar[str] = "keep"
    verb: ClassVar[str] = "traded"

    def __post_init__(self) -> None:
        object.__setattr__(self, "assets", checked_members(FIELD, self.assets))
        object.__setattr__(self, "slack", number(f"{FIELD}.slack", self.slack, low=0.0, example="0.0"))

    def at(self, universe: Universe) -> Indices:
        return positions_of(FIELD, self.assets, universe)

    def relaxed(self, by: float) -> Keep:
        return Keep(self.assets, self.slack + by)

    @property
    def reads(self) -> tuple[str, ...]:
        return groups_read(self.assets)

    def of_the_undescribed(self) -> str:
        return f"{self.kind} binds them too, as they may belong to any group it names"

    def describe(self) -> str:
        return f"{in_words(self.assets)} not {self.verb}{beyond(self.slack)}"

    @classmethod
    def parse(cls, value: Any) -> Keep:
        return cls(*members_of(FIELD, value))
