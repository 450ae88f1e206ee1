"""Moves that cannot be true: prices not adjusted for a split, a slip of a key, or news that a person should know of.

Told from crashes, from wild assets, and from the market's own days: a move is measured in the asset's own robust standard
deviations, around it and over its whole history, and by the square root of the days between its two prices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.market.observed import Observed, Prices, previous_prices

# Shares a holder has after the split for each one before: the price falls by the ratio. Rising prices are checked for
# whole consolidations only: a 2:3 consolidation is all but unheard of, and real jumps of 50 % are not.
WHOLE = (*(float(k) for k in range(2, 17)), 18.0, 20.0, 24.0, 25.0, 30.0, 40.0, 50.0, 60.0, 100.0)
SPLITS, CONSOLIDATIONS = (1.5, *WHOLE), WHOLE
SMALLEST_FALL, SMALLEST_RISE = 1 / 1.3, 1.8  # of what looks like a split
NEIGHBOURS = 60  # returns on either side that say what a normal day of this asset is
ENOUGH = 10  # other returns without which nobody can say
NORMAL_DAYS = 10.0  # a split is at least this many normal days' moves; a crash in a wild year is fewer
EXTREME_DAYS = 25.0  # in 33 years of 20 large stocks no real day was more: a withdrawn drug came to 24.9
SMALLEST_EXTREME = 1.1  # less is no trouble even where prices hardly move: interest, a coupon
CRASH_VOLUME = 3.0  # a real crash trades several times the usual money; a split leaves the money traded as it was


@dataclass(frozen=True, slots=True)
class _Move:
    """One return of one asset: between the rows `before` and `t`, a price ratio."""

    before: int
    t: int
    j: int
    ratio: float


def untrue_moves(p: Prices, days: Indices, tolerance: float) -> Iterator[Observed]:
    """Price ratios close to a split's, and moves of many deviations whatever their ratio; not those of the whole market.

    days: (T,) how many days of the common calendar there were up to each date.
    """
    if len(p.dates) < 2:  # no return, and nothing that could be untrue
        return
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = p.prices[1:] / previous_prices(p)
        most, least = np.fmax.reduce(ratio, axis=0), np.fmin.reduce(ratio, axis=0)
        some = np.flatnonzero((most > SMALLEST_EXTREME) | (least < 1.0 / SMALLEST_EXTREME))
        if len(some) == 0:
            return
        part = ratio[:, some]
        x = np.log(part)
    x[~np.isfinite(x)] = np.nan
    candidates = (part < SMALLEST_FALL) | (part > SMALLEST_RISE) | _outlying(x)
    for t, at in np.argwhere(candidates & np.isfinite(x)):
        j = int(some[at])
        rows = np.flatnonzero(p.known[: t + 1, j])
        move = _Move(int(rows[-1]), int(t) + 1, j, float(ratio[t, j]))
        if is_the_markets(ratio[t], move.ratio):
            continue
        found = _judged(p, move, _deviations(x[:, at], int(t), p, days, move), tolerance)
        if found is not None:
            yield found


def _outlying(x: Matrix) -> Mask:
    """(T, n) what may be extreme: five times the root mean square, less where one return makes most of a short history."""
    counts = np.isfinite(x).sum(axis=0)
    root_mean_square = np.sqrt(np.nansum(x * x, axis=0) / np.maximum(counts, 1))
    least = np.minimum(5.0, 0.4 * np.sqrt(np.maximum(counts, 1))) * root_mean_square
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(x) >= np.maximum(least, np.log(SMALLEST_EXTREME)))


def _judged(p: Prices, move: _Move, deviations: float | None, tolerance: float) -> Observed | None:
    old, new, change = float(p.prices[move.before, move.j]), float(p.prices[move.t, move.j]), move.ratio - 1.0
    asset, day = p.ids[move.j], p.day(move.t)
    words = split_words(move.ratio, tolerance)
    went = f"{asset} went from {old:g} on {p.day(move.before)} to {new:g} ({change:+.2%}) by {day}"
    if words is not None and (deviations is None or deviations >= NORMAL_DAYS) and not is_a_crash(p, move.t, move.j):
        looks = f"{went}: looks like a {words} that the prices are not adjusted for"
        return Observed("unadjusted_split", asset, day, change, looks)
    if deviations is None or deviations < EXTREME_DAYS:
        return None
    # A move in one that moves little reads as thousands; beyond a thousand the number says nothing more.
    times = f"{deviations:.0f}" if deviations < 1000.0 else "more than 1000"
    return Observed("extreme_move", asset, day, change, f"{went}: {times} times what it usually moves in that time")


def split_words(ratio: float, tolerance: float) -> str | None:
    """What a price ratio looks like, "2:1 split"; None where it is none's."""
    if SMALLEST_FALL <= ratio <= SMALLEST_RISE:
        return None
    for shares in SPLITS if ratio < 1 else CONSOLIDATIONS:
        expected = 1.0 / shares if ratio < 1 else shares
        if abs(ratio / expected - 1.0) <= tolerance:
            if ratio > 1:
                return f"1:{shares:g} consolidation"
            return "3:2 split" if shares == 1.5 else f"{shares:g}:1 split"
    return None


def is_the_markets(ratios: Vector, move: float) -> bool:
    """The median asset made at least a third of this move on the same day: news, not a split."""
    usable = ratios[np.isfinite(ratios) & (ratios > 0)]
    if len(usable) < 3:
        return False
    return bool(np.median(np.log(usable)) / np.log(move) >= 1 / 3)


def _deviations(x: Vector, t: int, p: Prices, days: Indices, move: _Move) -> float | None:
    """The move in robust standard deviations of the asset's other log returns; None where there are too few of them.

    The larger of the deviation around it and over the whole history counts: what was wild once may be again.
    """
    rows = np.flatnonzero(np.isfinite(x))
    rows = rows[rows != t]
    if len(rows) < ENOUGH:
        return None
    ends = np.flatnonzero(p.known[:, move.j])
    begins = ends[np.searchsorted(ends, rows + 1) - 1]
    daily = x[rows] / np.sqrt(np.maximum(days[rows + 1] - days[begins], 1))
    here = int(np.searchsorted(rows, t))
    usual = max(_robust(daily), _robust(daily[max(0, here - NEIGHBOURS) : here + NEIGHBOURS]))
    usual = usual or float(np.std(daily))
    span = max(int(days[move.t] - days[move.before]), 1)
    size = abs(float(np.log(move.ratio)))
    return float("inf") if usual == 0.0 else size / (usual * float(np.sqrt(span)))


def _robust(values: Vector) -> float:
    """The median absolute deviation in units of a standard deviation."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values)))) if len(values) >= ENOUGH else 0.0


def is_a_crash(p: Prices, t: int, j: int) -> bool:
    """Where volumes are known: the money traded that day is a multiple of the usual, so the loss was real."""
    if p.volumes is None:
        return False
    money = p.prices[max(0, t - 20) : t + 1, j] * p.volumes[max(0, t - 20) : t + 1, j]
    usual = money[:-1][np.isfinite(money[:-1])]
    if len(usual) < 5 or not np.isfinite(money[-1]):
        return False
    return bool(money[-1] > CRASH_VOLUME * np.median(usual))
