"""Prices as they were known: an immutable snapshot with everything that was found wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.own_returns import own_returns

Treatment = Literal["refused", "quarantined", "accepted"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about the data that a person should know, and what was done about it.

    kind: gap, stale, no_longer_traded, unadjusted_split, extreme_move, non_positive_price, impossible_return,
          short_history, duplicate, repeated_row, unknown_asset, not_a_number, stale_source, split_since_holdings.
    value: what was measured there (a price, a return, a count of days).
    """

    kind: str
    asset_id: str | None
    date: date | None
    value: float | None
    treatment: Treatment
    detail: str


@dataclass(frozen=True, slots=True, eq=False)
class MarketSnapshot:
    """A pricing pack opened: T dates by n assets, sorted, one price each or NaN where there was none.

    pricing_pack_id: `pack-…`, the digest of the content; the same prices give the same id anywhere.
    dates: (T,) datetime64[D], strictly increasing. prices: (T, n), same currency, adjusted as `adjustment` says.
    volumes: (T, n) shares a day, or None. notes: what reading the source left out, cleaned or decided, in sentences.
    """

    pricing_pack_id: str
    as_of: date
    asset_ids: tuple[str, ...]
    dates: npt.NDArray[np.datetime64]
    prices: Matrix
    volumes: Matrix | None
    source: str
    adjustment: str
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    def positions(self, ids: tuple[str, ...]) -> Indices:
        where = {asset_id: i for i, asset_id in enumerate(self.asset_ids)}
        return np.array([where[asset_id] for asset_id in ids], dtype=np.intp)

    def latest_prices(self) -> Vector:
        """(n,) last price of each asset that is one, above zero; NaN where there is none."""
        usable = self.prices > 0.0
        last = self.prices.shape[0] - 1 - np.argmax(usable[::-1], axis=0)
        return np.where(usable.any(axis=0), self.prices[last, np.arange(self.prices.shape[1])], np.nan)

    def priced(self) -> frozenset[str]:
        """The assets that have such a price."""
        usable = np.flatnonzero((self.prices > 0.0).any(axis=0))
        return frozenset(self.asset_ids[i] for i in usable)

    def returns(self) -> Matrix:
        """(T', n) simple returns between each asset's own prices, on the common calendar: see own_returns.py."""
        return own_returns(self.dates, self.prices).X


@dataclass(frozen=True, slots=True)
class MarketQuery:
    """What a provider is asked for. `assets` None is everything it has; `as_of` None is the latest it has.

    last_dates: keep only this many days of the common calendar, the most recent up to as_of; None keeps all. What is not
    used is not judged.
    """

    assets: tuple[str, ...] | None = None
    as_of: date | None = None
    start: date | None = None
    last_dates: int | None = None


@dataclass(frozen=True, slots=True)
class PackDifference:
    """What changed between two pricing packs: assets, dates and single prices.

    rescaled: (asset, day, ratio, prices): up to that day every price is the old one times one number, as after a split or a
    dividend taken off. renamed: (old, new): the same prices under another name.
    """

    assets_added: tuple[str, ...]
    assets_removed: tuple[str, ...]
    dates_added: tuple[date, ...]
    dates_removed: tuple[date, ...]
    prices_changed: tuple[tuple[str, date, float, float], ...]
    prices_changed_count: int
    manifest: dict[str, tuple[Any, Any]]
    rescaled: tuple[tuple[str, date, float, int], ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PackLine:
    """A pricing pack in a list: what its manifest says, its prices unread. None: an earlier version wrote it, without that."""

    pricing_pack_id: str
    as_of: date | None = None
    source: str | None = None
    assets: int | None = None
    dates: int | None = None
    first_date: date | None = None
    last_date: date | None = None
