"""A desk: every portfolio in a line, as it stands, and the reasons for which somebody looks at it today.

What was not measured is None and says why: it is never nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from portopt.domain.cash_flow import CashFlow

STALE_SESSIONS = 1.0  # an older price than that of the session before the last one
IDLE_CASH = 0.01  # of the book: more than the newest proposal left, where the policy says no most


class Tile(StrEnum):
    """Why a portfolio is looked at. A portfolio may have several of them, or none."""

    OUT_OF_BAND = "out_of_band"
    NEW_CASH = "new_cash"
    WITHDRAWAL_DUE = "withdrawal_due"
    LIMIT_BROKEN = "limit_broken"
    STALE_PRICES = "stale_prices"
    WAITING_FOR_APPROVAL = "waiting_for_approval"
    FAILED = "failed"


class Stage(StrEnum):
    """What became of the newest thing that was asked about a portfolio's trades."""

    NONE = "none"
    IN_PROGRESS = "in_progress"
    AWAITING_APPROVAL = "awaiting_approval"
    HELD = "held"
    APPROVED = "approved"  # by a person, and released
    RELEASED = "released"  # without one
    CHANGES_REQUESTED = "changes_requested"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class BookFigures:
    """A book as it was measured last, or valued at the newest prices that are kept.

    drift: the largest distance of a weight from its target, band: what it may be.

    cash_share, cash_floor, cash_ceiling: fractions of the book. prices_age: sessions since the oldest price it is valued by.
    """

    value: float | None = None
    cash_share: float | None = None
    cash_floor: float | None = None
    cash_ceiling: float | None = None
    drift: float | None = None
    band: float | None = None
    tracking_error: float | None = None
    tracking_limit: float | None = None
    limits_broken: float | None = None
    prices_age: float | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a person needs beside the figures. measured_at: None where nobody did.

    why: by figure, of those that are None. detail: by figure, where to look.
    """

    measured_at: datetime | None = None
    why: Mapping[str, str] = field(default_factory=dict)
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest thing asked about a portfolio's trades. run_id: its proposal, or the run or, of_job, the job that is all there
    is of it.
    """

    stage: Stage = Stage.NONE
    status: str = "none"
    run_id: str | None = None
    of_job: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """When the newest thing was asked, or ended, and why it failed, where it did."""

    at: datetime | None = None
    problem: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class DeskBook:
    """A portfolio in a line.

    cash_flow: money that was announced and has not come or gone yet. figures: as measured on what it holds now; None where
    it was not. wave_id, wave_state: of the newest wave it is in.
    """

    portfolio_id: str
    name: str
    policy: str
    currency: str
    cash: Decimal | None
    version: int
    figures: BookFigures | None = None
    cash_flow: CashFlow | None = None
    newest: Newest = Newest()
    released_at: datetime | None = None
    wave_id: str | None = None
    wave_state: str | None = None

    @property
    def is_held(self) -> bool:
        """Whether anybody said what it holds."""
        return self.cash is not None

    def days_since_release(self, now: datetime) -> float | None:
        return None if self.released_at is None else max((now - self.released_at) / timedelta(days=1), 0.0)

    @property
    def cash_over(self) -> float | None:
        """Cash beyond the most that is wanted, a fraction of the book; below zero it is less than the least; 0 is between."""
        f = self.figures
        if f is None or f.cash_share is None:
            return None
        if f.cash_floor is not None and f.cash_share < f.cash_floor:
            return f.cash_share - f.cash_floor
        return 0.0 if f.cash_ceiling is None else max(f.cash_share - f.cash_ceiling, 0.0)

    def tiles(self) -> tuple[Tile, ...]:
        return tuple(tile for tile in Tile if _IS[tile](self))


def _is_out_of_band(book: DeskBook) -> bool:
    f = book.figures
    return f is not None and f.drift is not None and f.band is not None and f.drift > f.band


def _has_new_cash(book: DeskBook) -> bool:
    return (book.cash_over or 0.0) > 0.0 or (book.cash_flow is not None and not book.cash_flow.is_withdrawal)


def _owes_cash(book: DeskBook) -> bool:
    return (book.cash_over or 0.0) < 0.0 or (book.cash_flow is not None and book.cash_flow.is_withdrawal)


def _breaks_a_limit(book: DeskBook) -> bool:
    return book.figures is not None and (book.figures.limits_broken or 0.0) > 0.0


def _has_old_prices(book: DeskBook) -> bool:
    return book.figures is not None and (book.figures.prices_age or 0.0) > STALE_SESSIONS


_IS: Mapping[Tile, Callable[[DeskBook], bool]] = {
    Tile.OUT_OF_BAND: _is_out_of_band,
    Tile.NEW_CASH: _has_new_cash,
    Tile.WITHDRAWAL_DUE: _owes_cash,
    Tile.LIMIT_BROKEN: _breaks_a_limit,
    Tile.STALE_PRICES: _has_old_prices,
    Tile.WAITING_FOR_APPROVAL: lambda book: book.newest.stage is Stage.AWAITING_APPROVAL,
    Tile.FAILED: lambda book: book.newest.stage is Stage.FAILED,
}


def counted(tiles: Iterable[tuple[Tile, ...]]) -> dict[Tile, int]:
    """How many portfolios have each; those that none has are 0."""
    found = Counter(tile for of_one in tiles for tile in of_one)
    return {tile: found[tile] for tile in Tile}
