"""Splits that the prices were not adjusted for: told from crashes, from wild assets, and from the market's own days."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from portopt.domain.arrays import Vector
from portopt.market.observed import Observed, Prices, previous_prices

# Shares a holder has after the split for each one before: the price falls by the ratio. Rising prices are checked for
# whole consolidations only: a 2:3 consolidation is all but unheard of, and real jumps of 50 % are not.
SPLITS = (1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 50.0, 100.0)
CONSOLIDATIONS = (2.0, 3.0, 4.0, 5.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 50.0, 100.0)
NEIGHBOURS = 60  # returns on either side that say what a normal day of this asset is
NORMAL_DAYS = 10.0  # a split is at least this many normal days' moves; a crash in a wild year is fewer
CRASH_VOLUME = 3.0  # a real crash trades several times the usual money; a split leaves the money traded as it was


def unadjusted_splits(p: Prices, tolerance: float) -> Iterator[Observed]:
    """Overnight price ratios close to a split's that are far outside the asset's own days and not the market's day."""
    before = previous_prices(p)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = p.prices[1:] / before
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
            f"{p.ids[j]} went from {before[t, j]:g} to {p.prices[t + 1, j]:g} ({move - 1.0:+.2%}) by {p.day(t + 1)}:"
            f" looks like a {words} that the prices are not adjusted for",
        )


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
