"""What can be wrong with prices, found by arithmetic on the panel. Nothing is decided here: see treatment.py.

Each check first rules out, for all assets at once, those that cannot be concerned, then looks closely at the few left:
on clean prices of thousands of assets the looking costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from portopt.domain.arrays import Indices, Mask
from portopt.domain.calendar import common_days
from portopt.domain.request import DataPolicy
from portopt.market.moves import untrue_moves
from portopt.market.observed import Observed, Prices, previous_prices

SOARED = 20.0  # a rise of 2,000 % in a day; up to there it may be a reverse split, which is looked for elsewhere


def check_all(prices: Prices, policy: DataPolicy) -> list[Observed]:
    """Every content check, in a fixed order."""
    common = common_days(prices.dates, prices.known)
    together = prices if common.all() else prices.on(common)
    found = [
        *gaps(together, policy.max_gap_days),
        *stale_runs(prices, policy.stale_days),
        *ended(together, policy.max_gap_days),
        *untrue_moves(prices, np.cumsum(common), policy.split_ratio_tolerance),
        *non_positive(prices),
        *impossible_returns(prices),
        *single_prices(prices),
    ]
    return found


def gaps(p: Prices, max_gap_days: int) -> Iterator[Observed]:
    """Days on which others have a price and this asset, already listed and still alive, has none; one line for a habit."""
    first, last, count = _lifetimes(p.known)
    for j in np.flatnonzero(last - first + 1 - count > max_gap_days):
        positions = np.flatnonzero(p.known[:, j])
        steps = np.diff(positions)
        usual = _usual_step(positions)
        if usual > 1.0:
            yield Observed(
                "gap",
                p.ids[j],
                p.day(int(positions[0])),
                usual,
                f"{p.ids[j]} has a price on {len(positions)} days only, usually every {usual:g}, where others have one a day",
            )
        for k in np.flatnonzero(steps - 1 > max(max_gap_days, 2.0 * usual if usual > 1.0 else 0.0)):
            t, days = int(positions[k]), int(steps[k]) - 1
            yield Observed(
                "gap",
                p.ids[j],
                p.day(t + 1),
                float(days),
                f"{p.ids[j]} has no price on {days} days from {p.day(t + 1)} to {p.day(int(positions[k + 1]) - 1)}"
                " on which others have one",
            )


def stale_runs(p: Prices, stale_days: int) -> Iterator[Observed]:
    """The same closing price on many of an asset's own days in a row; one line an asset, at its longest."""
    length = stale_days - 1
    if length < 1 or len(p.dates) <= length:
        return
    for j in np.flatnonzero(_may_be_stale(p, length)):
        rows = np.flatnonzero(p.known[:, j])
        closes = p.prices[rows, j]
        runs = [(end - start + 1, start, end) for start, end in _runs(np.diff(closes) == 0.0) if end - start + 1 >= stale_days]
        if not runs:
            continue
        days, start, end = max(runs, key=lambda run: (run[0], -run[1]))
        price, since, until = float(closes[start]), p.day(int(rows[start])), p.day(int(rows[end]))
        more = f"; {len(runs) - 1} shorter stretches of {stale_days} days or more" if len(runs) > 1 else ""
        yield Observed(
            "stale",
            p.ids[j],
            since,
            price,
            f"{p.ids[j]} closes at exactly {price:g} on {days} days in a row, {since} to {until}{more}",
        )


def _may_be_stale(p: Prices, length: int) -> Mask:
    """(n,) which assets to look at closely: those with as many equal neighbours, and those with days of their own."""
    same = p.prices[1:] == p.prices[:-1]
    running = np.zeros((same.shape[0] + 1, same.shape[1]), dtype=np.int32)
    np.cumsum(same, axis=0, out=running[1:])
    return np.asarray((running[length:] - running[:-length] == length).any(axis=0) | ~p.known.all(axis=0))


def ended(p: Prices, max_gap_days: int) -> Iterator[Observed]:
    """An asset whose last price is old while others go on: delisted, renamed, halted, or no longer delivered.

    Longer than a gap may be, and twice its own habit, it is no longer traded. However short, the last price is what the
    holding is valued at: a gap inside the history of a day or two is not told.
    """
    _, last, count = _lifetimes(p.known)
    final = p.known.shape[0] - 1
    for j in np.flatnonzero((final > last) & (count > 0)):
        t, days = int(last[j]), int(final - last[j])
        usual = _usual_step(np.flatnonzero(p.known[:, j]))
        gone = days > max(max_gap_days, 2.0 * usual if usual > 1.0 else 0.0)
        since = f"{p.ids[j]} has had no price since {p.day(t)} ({p.prices[t, j]:g}), {days} days before the newest one"
        said = ": nobody trades it at that price any more" if gone else ""
        yield Observed("no_longer_traded" if gone else "gap", p.ids[j], p.day(t), float(p.prices[t, j]), since + said)


def _usual_step(positions: Indices) -> float:
    """Days from one price of an asset to its next, by the median; 1 for what has too few to tell."""
    return float(np.median(np.diff(positions))) if len(positions) > 3 else 1.0


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
