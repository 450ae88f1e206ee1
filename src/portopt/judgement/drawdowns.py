"""Falls from a peak, each with its dates; one that has not been made good says that it is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Vector
from portopt.judgement.histories import Dates, day, days_of

SAME_LEVEL = 1e-12  # relative: an index that was compounded comes back to its peak to a rounding error


@dataclass(frozen=True, slots=True)
class Drawdown:
    """depth: fraction lost from the peak at the trough. peak: last day at the peak. recovered: None while it is open.

    periods: from the peak to recovery, or to the end of the history where it is open. fallen: from the peak to the trough.
    """

    depth: float
    peak: date
    trough: date
    recovered: date | None
    periods: int
    fallen: int

    @property
    def is_open(self) -> bool:
        return self.recovered is None


def below_peak(equity: npt.ArrayLike) -> Vector:
    """(T,) fraction by which each value is below the highest before it: 0 at a peak, 0.2 after a fall of 20 %.

    >>> [round(float(x), 3) for x in below_peak([100, 80, 90, 110])]
    [0.0, 0.2, 0.1, 0.0]
    """
    value = np.asarray(equity, dtype=np.float64)
    under = 1.0 - value / np.maximum.accumulate(value)
    return np.where(under <= SAME_LEVEL, 0.0, under)


def drawdowns(equity: npt.ArrayLike, dates: Dates | Sequence[date], most: int | None = 5) -> tuple[Drawdown, ...]:
    """The deepest falls of (T,) equity, the deepest first; of equal ones the earlier first. most: None for all of them."""
    under, days = below_peak(equity), days_of(dates)
    wet = np.concatenate([[False], under > 0.0, [False]])
    starts, stops = np.flatnonzero(~wet[:-1] & wet[1:]), np.flatnonzero(wet[:-1] & ~wet[1:])
    found = [_one(under, days, int(start), int(stop)) for start, stop in zip(starts, stops, strict=True)]
    return tuple(sorted(found, key=lambda one: (-one.depth, one.peak))[:most])


def _one(under: Vector, days: Dates, start: int, stop: int) -> Drawdown:
    """The fall whose days under water are start to stop - 1."""
    trough = start + int(np.argmax(under[start:stop]))
    peak, recovered = start - 1, day(days[stop]) if stop < len(days) else None
    last = min(stop, len(days) - 1)
    return Drawdown(float(under[trough]), day(days[peak]), day(days[trough]), recovered, last - peak, trough - peak)
