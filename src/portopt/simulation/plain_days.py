"""Rows of a history that leave the checks of a pricing pack nothing to judge: all have a price, and no move is a split's."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Indices, Mask
from portopt.market.moves import SMALLEST_FALL, SMALLEST_RISE, split_words
from portopt.simulation.history import Known

UNKNOWN, PLAIN, ODD = 0, 1, 2


class PlainDays:
    """Of some columns of a history, row by row: each is looked at once. tolerance: as in the data policy."""

    def __init__(self, columns: Indices, tolerance: float) -> None:
        self._columns, self._tolerance = columns, tolerance
        self._rows = np.zeros(0, dtype=np.int8)

    def all(self, known: Known, first: int) -> bool:
        """Whether the rows from `first` to the day's are plain: nothing to judge on any, or between two of them."""
        upto = known.day + 1
        if len(self._rows) < upto:
            self._rows = np.append(self._rows, np.zeros(max(upto - len(self._rows), 64), dtype=np.int8))
        part = self._rows[first + 1 : upto]
        for row in (np.flatnonzero(part == UNKNOWN) + first + 1).tolist():
            part[row - first - 1] = PLAIN if self._is_plain(known, row) else ODD
        return bool((part == PLAIN).all())

    def _is_plain(self, known: Known, row: int) -> bool:
        before, now = known.prices[row - 1, self._columns], known.prices[row, self._columns]
        if not (np.all(before > 0.0) and np.all(now > 0.0) and np.all(now < np.inf)):
            return False
        ratio = now / before
        far: Mask = (ratio < SMALLEST_FALL) | (ratio > SMALLEST_RISE)
        return not any(split_words(float(r), self._tolerance) for r in ratio[far]) and bool((ratio < 20.0).all())
