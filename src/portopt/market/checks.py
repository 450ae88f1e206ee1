"""What can be wrong with prices, found by arithmetic on the panel. Nothing is decided here: see treatment.py.

Each check first rules out, for all assets at once, those that cannot be concerned, then looks closely at the few left:
on clean prices of thousands of assets the looking costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.domain.request import DataPolicy

# Shares a holder has after the split for each one before: the price falls by the ratio. Rising prices are checked for
# whole consolidations only: a 2:3 consolidation is all but unheard of, and real jumps of 50 % are not.
SPLITS = (1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 50.0, 100.0)
CONSOLIDATIONS = (2.0, 3.0, 4.0, 5.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 50.0, 100.0)
NEIGHBOURS = 60  # returns on either side that say what a normal day of this asset is
NORMAL_DAYS = 10.0  # a split is at least this many normal days' moves; a crash in a wild year is fewer
CRASH_VOLUME = 3.0  # a real crash trades several times the usual money; a split leaves the money traded as it was


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

    def day(self, t: int) -> date:
        return date.fromordinal(719163 + int(self.dates[t].astype("datetime64[D]").astype(int)))


def check_all(prices: Prices, policy: DataPolicy) -> list[Observed]:
    """Every content check, in a fixed order."""
    found = [
        *gaps(prices, policy.max_gap_days),
        *stale_runs(prices, policy.stale_days),
        *ended(prices, policy.max_gap_days),
        *unadjusted_splits(prices, policy.split_ratio_tolerance),
        *non_positive(prices),
        *impossible_returns(prices),
        *single_prices(prices),
    ]
    return found


def gaps(p: Prices, max_gap_days: int) -> Iterator[Observed]:
    """Days on which others have a price and this asset, already listed and still alive, has none."""
    first, last, count = _lifetimes(p.known)
    for j in np.flatnonzero(last - first + 1 - count > max_gap_days):
        positions = np.flatnonzero(p.known[:, j])
        missing = np.diff(positions) - 1
        for k in np.flatnonzero(missing > max_gap_days):
            t, days = int(positions[k]), int(missing[k])
            yield Observed(
                "gap",
                p.ids[j],
                p.day(t + 1),
                float(days),
                f"{p.ids[j]} has no price on {days} days from {p.day(t + 1)} to {p.day(int(positions[k + 1]) - 1)}"
                " on which others have one",
            )


def stale_runs(p: Prices, stale_days: int) -> Iterator[Observed]:
    """The same closing price on many days in a row; one line an asset, at its longest."""
    same = p.prices[1:] == p.prices[:-1]
    length = stale_days - 1
    if length < 1 or same.shape[0] < length:
        return
    running = np.zeros((same.shape[0] + 1, same.shape[1]), dtype=np.int32)
    np.cumsum(same, axis=0, out=running[1:])
    for j in np.flatnonzero((running[length:] - running[:-length] == length).any(axis=0)):
        runs = [(end - start + 1, start, end) for start, end in _runs(same[:, j]) if end - start + 1 >= stale_days]
        days, start, end = max(runs, key=lambda run: (run[0], -run[1]))
        price = float(p.prices[start, j])
        more = f"; {len(runs) - 1} shorter stretches of {stale_days} days or more" if len(runs) > 1 else ""
        yield Observed(
            "stale",
            p.ids[j],
            p.day(start),
            price,
            f"{p.ids[j]} closes at exactly {price:g} on {days} days in a row, {p.day(start)} to {p.day(end)}{more}",
        )


def ended(p: Prices, max_gap_days: int) -> Iterator[Observed]:
    """An asset whose last price is old while others go on: delisted, renamed, or no longer delivered."""
    _, last, count = _lifetimes(p.known)
    final = p.known.shape[0] - 1
    for j in np.flatnonzero((final - last > max_gap_days) & (count > 0)):
        t = int(last[j])
        yield Observed(
            "stale",
            p.ids[j],
            p.day(t),
            float(p.prices[t, j]),
            f"{p.ids[j]} has had no price since {p.day(t)} ({p.prices[t, j]:g}), {final - t} days before the newest one",
        )


def unadjusted_splits(p: Prices, tolerance: float) -> Iterator[Observed]:
    """Overnight price ratios close to a split's that are far outside the asset's own days and not the market's day."""
    before = _previous_prices(p)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = p.prices[1:] / before[1:]
        large = (ratio < 1 / 1.3) | (ratio > 1.8)
    for t, j in np.argwhere(large):
        move = float(ratio[t, j])
        if not (np.isfinite(move) and move > 0):
            continue
        words = _split_words(move, tolerance)
        if words is None or _is_the_markets(ratio[t], move) or _is_a_normal_day(p, t + 1, j, move):
            continue
        if _is_a_crash(p, t + 1, j):
            continue
        yield Observed(
            "unadjusted_split",
            p.ids[j],
            p.day(t + 1),
            move - 1.0,
            f"{p.ids[j]} went from {before[t + 1, j]:g} to {p.prices[t + 1, j]:g} ({move - 1.0:+.2%}) by {p.day(t + 1)}:"
            f" looks like a {words} that the prices are not adjusted for",
        )


def non_positive(p: Prices) -> Iterator[Observed]:
    """Prices at or under zero; one line an asset, at its first."""
    bad = p.prices <= 0.0
    for j in np.flatnonzero(bad.any(axis=0)):
        days = np.flatnonzero(bad[:, j])
        t = int(days[0])
        more = f" and on {len(days) - 1} more days" if len(days) > 1 else ""
        yield Observed(
            "non_positive_price",
            p.ids[j],
            p.day(t),
            float(p.prices[t, j]),
            f"{p.ids[j]} has the price {p.prices[t, j]:g} on {p.day(t)}{more}: a price is above zero",
        )


def impossible_returns(p: Prices) -> Iterator[Observed]:
    """Returns at or under -100 % from a price above zero: a holder cannot lose more than everything."""
    before = _previous_prices(p)
    before = np.where(before > 0.0, before, np.nan)  # what followed a price that is none says nothing
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        returns = p.prices[1:] / before[1:] - 1.0
    for t, j in np.argwhere(returns <= -1.0):
        yield Observed(
            "impossible_return",
            p.ids[j],
            p.day(int(t) + 1),
            float(returns[t, j]),
            f"{p.ids[j]} returns {returns[t, j]:.2%} on {p.day(int(t) + 1)} ({before[t + 1, j]:g} to {p.prices[t + 1, j]:g})",
        )


def single_prices(p: Prices) -> Iterator[Observed]:
    """Fewer than two prices give no return at all."""
    first, _, count = _lifetimes(p.known)
    for j in np.flatnonzero(count < 2):
        t = int(first[j])
        have = f"one price only, on {p.day(t)}" if count[j] else "no usable price"
        yield Observed(
            "short_history", p.ids[j], p.day(t) if count[j] else None, float(count[j]), f"{p.ids[j]} has {have}: no return"
        )


def _lifetimes(known: Mask) -> tuple[Indices, Indices, Indices]:
    """(n,) each: position of the first price, of the last, and how many there are."""
    T = known.shape[0]
    return np.argmax(known, axis=0), T - 1 - np.argmax(known[::-1], axis=0), known.sum(axis=0)


def _previous_prices(p: Prices) -> Matrix:
    """(T, n) the last price known strictly before each date, NaN where there was none."""
    before = np.full_like(p.prices, np.nan)
    before[1:] = p.prices[:-1]
    for j in np.flatnonzero(~p.known.all(axis=0)):
        where = np.where(p.known[:, j], np.arange(len(p.dates)), -1)
        latest = np.maximum.accumulate(where)[:-1]
        before[1:, j] = np.where(latest >= 0, p.prices[latest, j], np.nan)
    return before


def _runs(flags: Mask) -> list[tuple[int, int]]:
    """(start, end) positions of the prices in each stretch whose neighbours are flagged equal."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _split_words(move: float, tolerance: float) -> str | None:
    for shares in SPLITS if move < 1 else CONSOLIDATIONS:
        expected = 1.0 / shares if move < 1 else shares
        if abs(move / expected - 1.0) <= tolerance:
            if move > 1:
                return f"1:{shares:g} consolidation"
            return "3:2 split" if shares == 1.5 else f"{shares:g}:1 split"
    return None


def _is_the_markets(ratios: Vector, move: float) -> bool:
    """The median asset made at least a third of this move on the same day: news, not a split."""
    usable = ratios[np.isfinite(ratios) & (ratios > 0)]
    if len(usable) < 3:
        return False
    return bool(np.median(np.log(usable)) / np.log(move) >= 1 / 3)


def _is_a_normal_day(p: Prices, t: int, j: int, move: float) -> bool:
    """Within NORMAL_DAYS robust standard deviations (median absolute deviation) of the surrounding log returns."""
    around = p.prices[max(0, t - NEIGHBOURS - 1) : t + NEIGHBOURS + 1, j]
    here = t - max(0, t - NEIGHBOURS - 1)
    around = np.where(around > 0, around, np.nan)
    log_returns = np.diff(np.log(around))
    log_returns[here - 1] = np.nan
    log_returns = log_returns[np.isfinite(log_returns)]
    if len(log_returns) < 10:
        return False
    deviation = 1.4826 * float(np.median(np.abs(log_returns - np.median(log_returns))))
    return abs(float(np.log(move))) < NORMAL_DAYS * deviation


def _is_a_crash(p: Prices, t: int, j: int) -> bool:
    """Where volumes are known: the money traded that day is a multiple of the usual, so the loss was real."""
    if p.volumes is None:
        return False
    money = p.prices[max(0, t - 20) : t + 1, j] * p.volumes[max(0, t - 20) : t + 1, j]
    usual = money[:-1][np.isfinite(money[:-1])]
    if len(usual) < 5 or not np.isfinite(money[-1]):
        return False
    return bool(money[-1] > CRASH_VOLUME * np.median(usual))
