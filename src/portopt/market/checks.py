"""What can be wrong with prices, found by arithmetic on the panel. Nothing is decided here: see treatment.py.

Each check first rules out, for all assets at once, those that cannot be concerned, then looks closely at the few left:
on clean prices of thousands of assets the looking costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from portopt.domain.arrays import Indices, Mask
from portopt.domain.request import DataPolicy
from portopt.market.observed import Observed, Prices, previous_prices
from portopt.market.splits import unadjusted_splits

SOARED = 20.0  # a rise of 2,000 % in a day; up to there it may be a reverse split, which is looked for elsewhere


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
    for j in np.flatnonzero((final > last) & (count > 0)):
        t = int(last[j])
        yield Observed(
            # However short, it is what the holding is valued at: a gap inside the history of a day or two is not.
            "stale" if final - t > max_gap_days else "gap",
            p.ids[j],
            p.day(t),
            float(p.prices[t, j]),
            f"{p.ids[j]} has had no price since {p.day(t)} ({p.prices[t, j]:g}), {final - t} days before the newest one",
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
    """Returns at or under -100 %, which no holder can suffer, and above SOARED: a price in other units, or a slip of a key."""
    before = previous_prices(p)
    with np.errstate(over="ignore"):
        bad = (p.prices[1:] <= 0.0) | (p.prices[1:] > (1.0 + SOARED) * before)
    for t, j in np.argwhere(bad & (before > 0.0)):
        old, new = float(before[t, j]), float(p.prices[t + 1, j])
        day = p.day(int(t) + 1)
        with np.errstate(over="ignore"):
            change = float(np.float64(new) / old - 1.0)
        # From next to nothing the return is larger than any number: the two prices say it then.
        value, told = (change, f"{change:.2%}") if np.isfinite(change) else (None, "more than a number can say")
        yield Observed("impossible_return", p.ids[j], day, value, f"{p.ids[j]} returns {told} on {day} ({old:g} to {new:g})")


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


def _runs(flags: Mask) -> list[tuple[int, int]]:
    """(start, end) positions of the prices in each stretch whose neighbours are flagged equal."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]
