"""When a decision is due: what the calendar says, how far the book has drifted, what has come in. In words: trigger_words.py.

A trigger knows what was known at the close, and nothing later: which session is the month's last says an exchange calendar, or
the last weekday of the month, never the dates of the prices to come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import numpy as np

from portopt.domain.arrays import Vector
from portopt.simulation.history import History, Known, day_of
from portopt.simulation.strategies import Held

TRAILING = 63  # sessions


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a trigger may look at: the history up to row `day`, the book then, and whether money has come in or gone out."""

    history: History
    day: int
    book: Callable[[], Held]
    flow: bool = False

    @property
    def known(self) -> Known:
        return self.history.known(self.day)

    @property
    def held(self) -> Held:
        return self.book()

    @property
    def today(self) -> date:
        return day_of(self.history.dates[self.day])

    @property
    def previous(self) -> date | None:
        """The session before; None on the first of all."""
        return day_of(self.history.dates[self.day - 1]) if self.day else None


class Trigger(Protocol):
    def fires(self, seen: Seen) -> str:
        """Why a decision is due, in words; empty where none is."""
        ...


@dataclass(frozen=True, slots=True)
class First:
    """The first session of each period; every session for "day"."""

    of: str

    def fires(self, seen: Seen) -> str:
        if self.of == "day":
            return "daily"
        new = seen.previous is None or period(seen.previous, self.of) != period(seen.today, self.of)
        return f"first session of the {self.of}" if new else ""


@dataclass(frozen=True, slots=True)
class Last:
    """The last session of each period, by an exchange calendar, or by weekdays where none is named.

    By weekdays, a last weekday without prices moves the decision to the session after it: that it was a holiday is known then.
    """

    of: str
    calendar: str = ""

    def fires(self, seen: Seen) -> str:
        return f"last session of the {self.of}" if self._is_due(seen) else ""

    def _is_due(self, seen: Seen) -> bool:
        last = _ends(seen.today, self.of, self.calendar)
        if last or seen.previous is None or self.calendar:
            return last
        missed = period(seen.previous, self.of) != period(seen.today, self.of)
        return missed and not _ends(seen.previous, self.of, "")


@dataclass(frozen=True, slots=True)
class Every:
    """So many sessions after the last decision."""

    sessions: int

    def fires(self, seen: Seen) -> str:
        decided = seen.held.decided
        since = None if decided is None else seen.day - decided
        return f"{self.sessions} sessions passed" if since is not None and since >= self.sessions else ""


@dataclass(frozen=True, slots=True)
class Drift:
    """Some weight, cash among them, is further than `by` from where the last decision put it; relative: than by |target|."""

    by: float
    relative: bool = False

    def fires(self, seen: Seen) -> str:
        held = seen.held
        target = held.target
        if target is None:
            return ""
        away = np.abs(held.weights() - target)
        band = self.by * np.abs(target) if self.relative else np.full(len(target), self.by)
        band[-1] = self.by if self.relative else band[-1]  # a rest of cash is not a position to be kept in proportion
        over = away - band
        i = int(np.argmax(over))
        name = "cash" if i == len(target) - 1 else seen.history.ids[i]
        return f"{name} drifted by {away[i]:.2%}" if over[i] > 0.0 else ""


@dataclass(frozen=True, slots=True)
class Risk:
    """The annual volatility of today's book over its last sessions, or of its difference to the benchmark, is above `most`."""

    most: float
    window: int = TRAILING
    active: bool = False

    def fires(self, seen: Seen) -> str:
        held = seen.held
        w = held.weights()[:-1]
        if self.active:
            by_id = held.benchmark or {}
            w = w - np.array([by_id.get(a, 0.0) for a in seen.history.ids])
        measured = volatility_of(w, seen.known, self.window)
        what = "tracking error" if self.active else "volatility"
        return f"{what} {measured:.2%}" if measured > self.most else ""


@dataclass(frozen=True, slots=True)
class CashFlow:
    def fires(self, seen: Seen) -> str:
        return "cash flow" if seen.flow else ""


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Trigger, ...]

    def fires(self, seen: Seen) -> str:
        return next((why for part in self.parts if (why := part.fires(seen))), "")


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Trigger, ...]

    def fires(self, seen: Seen) -> str:
        said = [part.fires(seen) for part in self.parts]
        return " and ".join(said) if all(said) else ""


def volatility_of(w: Vector, known: Known, window: int) -> float:
    """Annual, of weights (n,) held over the last `window` sessions; missing returns count as none, 0 with fewer than two."""
    prices = known.prices[-window - 1 :]
    held = np.flatnonzero(w)
    if len(prices) < 3 or not len(held):
        return 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        X = np.nan_to_num(prices[1:, held] / prices[:-1, held] - 1.0, posinf=0.0, neginf=0.0)
    return float(np.std(X @ w[held], ddof=1) * np.sqrt(252.0))


def period(day: date, of: str) -> tuple[int, int]:
    """Which week, month, quarter or year a day is of."""
    if of == "week":
        year, week, _ = day.isocalendar()
        return year, week
    return (day.year, {"month": day.month, "quarter": (day.month - 1) // 3, "year": 0}[of])


def _ends(day: date, of: str, calendar: str) -> bool:
    """Whether no later session of the calendar, or no later weekday, is of the day's period."""
    if calendar:
        from portopt.adapters.providers.exchange_calendar import next_session

        return period(next_session(calendar, day), of) != period(day, of)
    after = day + timedelta(days=1)
    while after.weekday() >= 5:
        after += timedelta(days=1)
    return period(after, of) != period(day, of)
