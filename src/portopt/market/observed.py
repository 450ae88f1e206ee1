"""What the checks look at and what they report, before anyone decided what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Mask, Matrix


@dataclass(frozen=True, slots=True)
class Observed:
    """A fact about the data, before anyone decided what to do about it. Fields as in domain.market.Finding."""

    kind: str
    asset_id: str | None
    date: date | None
    value: float | None
    detail: str


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """What the checks look at. prices, volumes: (T, n); dates (T,); known: (T, n) where there is a price."""

    ids: tuple[str, ...]
    dates: npt.NDArray[np.datetime64]
    prices: Matrix
    volumes: Matrix | None
    known: Mask

    def on(self, rows: Mask) -> Prices:
        """The same on some of the dates."""
        volumes = None if self.volumes is None else self.volumes[rows]
        return Prices(self.ids, self.dates[rows], self.prices[rows], volumes, self.known[rows])

    def day(self, t: int) -> date:
        return date.fromordinal(719163 + int(self.dates[t].astype("datetime64[D]").astype(int)))


def previous_prices(p: Prices) -> Matrix:
    """(T - 1, n) the last price known before each date from the second on, NaN where there was none."""
    incomplete = np.flatnonzero(~p.known.all(axis=0))
    if len(incomplete) == 0:
        return p.prices[:-1]
    before = p.prices[:-1].copy()
    for j in incomplete:
        where = np.where(p.known[:-1, j], np.arange(len(p.dates) - 1), -1)
        latest = np.maximum.accumulate(where)
        before[:, j] = np.where(latest >= 0, p.prices[latest, j], np.nan)
    return before
