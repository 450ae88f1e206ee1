"""Figures of long ago, kept in steps: every row at first, then one an hour, then one a day, each with what was in its step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

EPOCH_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Thinning:
    """Of rows older than `after` one is kept a step: the last, with the count, the least, the largest and the mean of all.

    Steps are counted from 1970 in UTC; a day is made of whole ones, or they of whole days.
    """

    after: timedelta
    step: timedelta

    def until(self, now: datetime) -> datetime:
        """Up to before this instant steps are whole and old enough."""
        seconds = self.step.total_seconds()
        edge = (now - self.after).timestamp() // seconds * seconds
        return datetime.fromtimestamp(edge, now.tzinfo)


@dataclass(frozen=True, slots=True)
class Thinned:
    """What one step of thinning did, or would. until: up to when. rows: that went; of a look, that it would go through."""

    step: timedelta
    until: datetime
    rows: int


@dataclass(frozen=True, slots=True)
class FiguresKept:
    """days, figures: that were put into the archive first. thinned: by step."""

    days: int
    figures: int
    thinned: tuple[Thinned, ...] = ()


def rows_kept(thinning: Sequence[Thinning], every: timedelta, days: float) -> int:
    """The most rows of one figure of one subject that a store holds, measured every so often and forgotten after so many days.

        (raw span)/every + Σ (span of a step)/step, and a step more for each edge, which need not fall on one

    >>> rows_kept([Thinning(timedelta(days=7), timedelta(hours=1)), Thinning(timedelta(days=90), EPOCH_DAY)],
    ...           timedelta(minutes=1), 365.0)
    12434
    """
    edges = [*(one.after for one in thinning if one.after < timedelta(days=days)), timedelta(days=days)]
    steps = [every, *(one.step for one in thinning)]
    begin, rows = timedelta(0), 0
    for k, edge in enumerate(edges):
        following = steps[k + 1] if k + 1 < len(edges) else timedelta(0)
        rows += math.ceil((edge - begin + following) / steps[k]) + 1
        begin = edge
    return rows
