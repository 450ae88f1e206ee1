"""A released proposal against what came: what was expected, what is known by now, and whether the two can be told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

SURE = 2.0  # standard errors


class Verdict(StrEnum):
    """Of what came against what was expected."""

    NOT_DISTINGUISHABLE = "not distinguishable"
    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class Compared:
    """error: one standard error of what came, against what was expected. why: where there is no verdict."""

    expected: float | None
    realized: float | None = None
    error: float | None = None
    why: str = ""

    @property
    def verdict(self) -> Verdict | None:
        if self.expected is None or self.realized is None or self.error is None:
            return None
        over = self.realized - self.expected
        if abs(over) <= SURE * self.error:
            return Verdict.NOT_DISTINGUISHABLE
        return Verdict.ABOVE if over > 0.0 else Verdict.BELOW


@dataclass(frozen=True, slots=True)
class Fills:
    """How much of the trades, by money, the holdings show that were declared at `shown_at`; None where none were since."""

    gross: float
    filled: float | None
    shown_at: datetime | None
    open: Mapping[str, float]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a proposal said of the book after it, a year, and of the cost of its trades, money."""

    returns: float
    volatility: float
    tracking_error: float | None
    cost: float


@dataclass(frozen=True, slots=True)
class Afterwards:
    """run_id, portfolio_id: of the proposal; as_of: the day of its prices; until: when the next one took its place.

    cost: money. returns: added up over the sessions. volatility, tracking_error: a year. without: what the book it was made for
    would have returned (expected) against what came.
    """

    run_id: str
    portfolio_id: str
    released_at: datetime
    as_of: date
    expected: Expected
    until: datetime | None
    first: date | None
    last: date | None
    sessions: int
    fills: Fills
    cost: Compared
    returns: Compared
    volatility: Compared
    tracking_error: Compared
    without: Compared
