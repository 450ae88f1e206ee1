"""The closes of one asset in the shares of its newest day, beside what somebody says a share was worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Indices, Vector
from portopt.domain.market import MarketSnapshot
from portopt.market.share_ratios import RATIOS

RECENT_RETURNS = 250
USUAL_DAY = 0.015  # deviation of a day where too few returns tell it
HALF_A_CENT = 0.005
TELLS = 0.001  # where rounding goes further than that, no price is told by its digits


@dataclass(frozen=True, slots=True)
class Jump:
    """A day from which on a price is of other shares: `ratio` new for each old one."""

    row: int
    ratio: Fraction


@dataclass(frozen=True, slots=True)
class Match:
    """A price beside a close, `row` among the asset's own.

    apart, at_ratio: how far, in logarithms, the price is from the closes of its days as it stands, and divided by the ratio.
    off: from that one close, a fraction. exact: no further than rounding goes.
    """

    ratio: Fraction
    row: int
    close: float
    apart: float
    at_ratio: float
    off: float
    exact: bool


@dataclass(frozen=True, eq=False)
class OwnCloses:
    """rows, closes: (k,) where there is a price, as the source has it. jumps: what the prices are not adjusted for."""

    asset_id: str
    rows: Indices
    closes: Vector
    dates: npt.NDArray[np.datetime64]
    jumps: tuple[Jump, ...] = ()

    @classmethod
    def of(cls, snapshot: MarketSnapshot, column: int, jumps: Iterable[Jump] = ()) -> OwnCloses:
        prices = snapshot.prices[:, column]
        rows = np.flatnonzero(prices > 0.0)
        return cls(snapshot.asset_ids[column], rows, prices[rows], snapshot.dates, tuple(jumps))

    @cached_property
    def now(self) -> Vector:
        """(k,) the closes in shares of the newest day."""
        closes = self.closes.copy()
        for jump in self.jumps:
            closes[self.rows < jump.row] /= float(jump.ratio)
        return closes

    @cached_property
    def deviation(self) -> float:
        """The robust standard deviation of a day."""
        x = np.diff(np.log(self.now[-RECENT_RETURNS - 1 :]))
        if len(x) < 10:
            return USUAL_DAY
        return 1.4826 * float(np.median(np.abs(x - np.median(x)))) or float(np.std(x)) or USUAL_DAY

    def as_paid(self) -> OwnCloses:
        """The same with every move taken for news."""
        return replace(self, jumps=())

    def day(self, at: int) -> date:
        """at: a position among the closes."""
        return date.fromordinal(719163 + int(self.dates[self.rows[at]].astype("datetime64[D]").astype(int)))

    def among(self, rows: Sequence[int]) -> Indices:
        """Positions of the closes on these rows; the last one before them where there is none on them."""
        if not len(rows):
            return np.zeros(0, dtype=np.intp)
        low, high = np.searchsorted(self.rows, (rows[0], rows[-1] + 1))
        if low == high:
            low = max(low - 1, 0)
        return np.arange(low, high)

    def beside(self, price: float, at: Indices, likely: int | None = None) -> Match:
        """The price beside the closes at these positions, one at least. likely: the row that it is of, where one is."""
        closes = np.log(self.now[at])
        low, high, said = float(closes.min()), float(closes.max()), float(np.log(price))
        middle = closes if likely is None else closes[np.argmin(np.abs(self.rows[at] - likely))]

        rounding = min(HALF_A_CENT / price + HALF_A_CENT / float(self.closes[at].min()) + 1e-4, TELLS)

        def apart(ratio: Fraction) -> tuple[float, bool, float]:
            x = said - float(np.log(float(ratio)))
            is_a_close = bool((np.abs(x - closes) <= rounding).any())
            return max(low - x, x - high, 0.0), not is_a_close, float(np.abs(x - middle).min())

        ratio = min(RATIOS, key=apart)
        nearest = int(np.argmin(np.abs(said - np.log(float(ratio)) - closes)))
        close = float(self.now[at[nearest]])
        off = abs(price / (float(ratio) * close) - 1.0)
        as_it_is = float(np.abs(said - closes).min())
        exact = off <= rounding < as_it_is
        return Match(ratio, int(at[nearest]), close, max(low - said, said - high, 0.0), apart(ratio)[0], off, exact)

    def is_within(self, price: float) -> bool:
        """Whether it was a price of the asset at any time that the prices know, nearly."""
        return bool(0.97 * self.now.min() <= price <= 1.03 * self.now.max())
