"""What a book returned day by day: the shares that were held, at the prices there were."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.monitoring.measures.calibration import Realized
from portopt.monitoring.measures.fulfilment import DeclaredBook


def held_returns(
    books: Sequence[DeclaredBook],
    asset_ids: Sequence[str],
    days: Sequence[date],
    prices: Matrix,
    benchmark: Mapping[str, float] | None = None,
) -> Realized:
    """Returns of each day but the first, of the shares held at the close before it.

        r_t = sum_i n_i (p_t - p_{t-1}) / (sum_i n_i p_{t-1} + cash)

    n, cash: of the newest book declared by the end of day t-1: what was paid in or out, and what trades cost, is in none of
    them. Days before the first book, and of a book without a price or without value, are left out.
    books: in any order. days: (T,) ascending; prices: (T, n), NaN where there was none, when the last one before holds.
    benchmark: weights by asset, restored every day; its return is taken off the active one. An asset without a price in
    it leaves the active returns out.
    """
    filled = _last_known(prices)
    at = {asset: j for j, asset in enumerate(asset_ids)}
    ordered = sorted(books, key=lambda book: book.at)
    declared = [book.at.date() for book in ordered]
    weights = None if benchmark is None else _weights(benchmark, at)
    kept: list[date] = []
    returns: list[float] = []
    active: list[float] = []
    for t in range(1, len(days)):
        k = bisect_left(declared, days[t]) - 1  # declared on an earlier day
        earned = None if k < 0 else _return(ordered[k], at, filled[t - 1], filled[t])
        if earned is None:
            continue
        kept.append(days[t])
        returns.append(earned)
        if weights is not None:
            active.append(earned - _benchmark_return(weights, filled[t - 1], filled[t]))
    told = np.array(active) if weights is not None and np.isfinite(active).all() else None
    return Realized(tuple(kept), np.array(returns), told)


def _last_known(prices: Matrix) -> Matrix:
    """(T, n) each cell the newest price up to its day; NaN before the first."""
    rows = np.where(np.isfinite(prices) & (prices > 0.0), np.arange(len(prices))[:, None], -1)
    newest = np.maximum.accumulate(rows, axis=0)
    filled = np.take_along_axis(prices, np.maximum(newest, 0), axis=0).astype(float)
    filled[newest < 0] = np.nan
    return np.asarray(filled)


def _return(book: DeclaredBook, at: Mapping[str, int], before: Vector, after: Vector) -> float | None:
    held = {asset: n for asset, n in book.shares.items() if n}
    if any(asset not in at for asset in held):
        return None
    places, shares = [at[a] for a in held], np.array(list(held.values()))
    value = float(shares @ before[places]) + book.cash
    gained = float(shares @ (after[places] - before[places]))
    return gained / value if np.isfinite(gained) and value > 0.0 else None


def _weights(benchmark: Mapping[str, float], at: Mapping[str, int]) -> dict[int, float]:
    """By place; what has no prices at all (cash) stands still."""
    return {at[asset]: share for asset, share in benchmark.items() if asset in at}


def _benchmark_return(weights: Mapping[int, float], before: Vector, after: Vector) -> float:
    places, shares = list(weights), np.array(list(weights.values()))
    return float(shares @ (after[places] / before[places] - 1.0))
