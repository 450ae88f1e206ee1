"""Which day of the prices a list of holdings is of: as it says itself, or as the prices tell that it states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Matrix, Vector

FEWEST = 3  # prices without which a list is of no day: two may agree by chance
AGREE = 0.02  # the middle one of its prices differs by no more from the closes of its day
CLOSES = 0.0005  # by less than this it is those very closes that the list states
AROUND = 2  # rows on either side of the day that prices tell: they are seldom the very closes
RECENT = 8  # trading days that a list without a day may be old
ELSEWHERE = 0.06  # further than that from every close of those days a price is none of them

Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class ListDay:
    """rows: of which the stated prices may be. is_told: whether anything says that they are of these.

    day: the likely one, after which nothing is known of the shares, and its row; None where nothing tells it.
    """

    rows: Sequence[int]
    is_told: bool
    day: date | None = None
    row: int | None = None


def day_of_list(dates: Days, closes: Matrix, stated: Vector, as_of: date | None) -> ListDay:
    """The day of a list with these prices beside the closes (T, m) of its assets. as_of: the one it names.

    A list that names none is of the last days if most of its prices are within what was paid then, or if it is too short to
    tell; else of the day on which most of its prices are those of the market; else of no day there is here.
    """
    last = len(dates) - 1
    if as_of is not None:
        at = int(np.searchsorted(dates, np.datetime64(as_of, "D"), side="right")) - 1
        return ListDay(range(max(at - 1, 0), at + 1), True, as_of, at)
    recent = range(max(last + 1 - RECENT, 0), last + 1)
    if len(stated) < FEWEST:
        return ListDay(recent, False)
    if _are_of(closes[recent.start :], stated):
        near = _near(closes[recent.start :], stated)
        row = recent.start + _latest_least(near) if near.min() <= AGREE else last
        rows = range(row, row + 1) if near.min() <= CLOSES else recent
        return ListDay(rows, True, _day(dates, row), row)
    near = _near(closes, stated)
    if near.min() > AGREE:
        return ListDay(range(0), False)
    row = _latest_least(near)
    return ListDay(range(max(row - AROUND, 0), min(row + AROUND, last) + 1), True, _day(dates, row), row)


def _day(dates: Days, row: int) -> date:
    return date.fromordinal(719163 + int(dates[row].astype("datetime64[D]").astype(int)))


def _near(closes: Matrix, stated: Vector) -> Vector:
    """(T,) how far the middle one of the prices is from its close: a split of some hides no day."""
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.abs(np.log(stated / closes))
    enough = np.isfinite(apart).sum(axis=1) >= max(FEWEST, (len(stated) + 1) // 2)
    middle = np.full(len(closes), np.inf)
    if enough.any():
        middle[enough] = np.nanmedian(apart[enough], axis=1)
    return middle


def _latest_least(values: Vector) -> int:
    return len(values) - 1 - int(np.argmin(values[::-1]))


def _are_of(closes: Matrix, stated: Vector) -> bool:
    """Whether most of the prices are within what these rows have."""
    with np.errstate(all="ignore"):
        low, high = np.fmin.reduce(closes, axis=0), np.fmax.reduce(closes, axis=0)
        within = (stated >= low * (1 - ELSEWHERE)) & (stated <= high * (1 + ELSEWHERE))
    return bool(2 * within.sum() > len(stated))
