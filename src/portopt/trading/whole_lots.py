"""How many shares of short and of long lots, where assets that are sold have both: the least tax in whole shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.lot_book import INF, LotBook, TaxCase
from portopt.domain.problem import Problem
from portopt.optimization.solvers.highs_search import Search, search
from portopt.trading.book import Book

NODES = 500
GAP = 1e-10  # of portfolio value
KEPT = 1e3  # what a lot that is to be kept, or a limit on gains that is passed, costs beside any tax

Mixed = Sequence[tuple[Indices, Decimal]]


def cheapest_shares(
    problem: Problem, book: Book, lots: LotBook, mixed: Mixed, sold: Mapping[int, Decimal], near: Vector, kept: Mask
) -> dict[int, Decimal]:
    """By lot, the shares of the cheapest choice found. mixed: each such asset's lots and the shares to sell of it.

    sold: of the other assets' lots. near: (K,) the choice in weights, which is rounded where no search finds a better one.
    """
    at = np.concatenate([of for of, _ in mixed])
    unit = np.array([float(book.prices[int(lots.asset[k])] / book.value) for k in at])
    room = np.array([float(lots.lots[k].shares) for k in at])
    whole = np.array([lots.lots[k].shares == int(lots.lots[k].shares) for k in at])
    totals = np.array([float(amount) for _, amount in mixed])
    fixed = _realized(lots, sold, book)
    best, found = INF, None
    limits = [c for limit in problem.limits for c in limit.on_gains(problem)]
    for case in lots.cases():
        asked = _program(lots, at, mixed, unit, room, whole, totals, fixed, case, limits, kept)
        answer = search(asked, gap=GAP, nodes=NODES)
        if answer.x is not None and float(asked.cost @ answer.x) < best:
            best, found = float(asked.cost @ answer.x), answer.x[: len(at)]
    return _exact(lots, at, mixed, near[at] / unit if found is None else found)


def _realized(lots: LotBook, sold: Mapping[int, Decimal], book: Book) -> tuple[float, float]:
    weight = np.zeros(len(lots))
    for k, n in sold.items():
        weight[k] = float(n * book.prices[int(lots.asset[k])] / book.value)
    return lots.realized(weight)


def _program(
    lots: LotBook, at: Indices, mixed: Mixed, unit: Vector, room: Vector, whole: Mask, totals: Vector,
    fixed: tuple[float, float], case: TaxCase, limits: list[tuple[float, float, float]], kept: Mask,
) -> Search:  # fmt: skip
    """Columns: shares of each lot, what is due, by how much each limit on gains is passed."""
    k, m, (S, L) = len(at), len(limits), fixed
    gain = lots.gain[at] * unit
    of_short, of_long = np.where(lots.short[at], gain, 0.0), np.where(lots.short[at], 0.0, gain)
    rows, low, high = [], [], []

    def row(of_lots: Vector, due: float, lowest: float, highest: float, passed: int = -1) -> None:
        over = np.zeros(m)
        if passed >= 0:
            over[passed] = -1.0
        rows.append(np.concatenate([of_lots, [due], over]))
        low.append(lowest)
        high.append(highest)

    for piece in case.pieces:
        row(-(piece.of_short * of_short + piece.of_long * of_long), 1.0, piece.at(S, L), INF)
    row(of_long, 0.0, case.long[0] - L, case.long[1] - L)
    row(of_short + of_long, 0.0, case.sum[0] - S - L, case.sum[1] - S - L)
    for j, (a, b, most) in enumerate(limits):
        row(a * of_short + b * of_long, 0.0, -INF, most - a * (S - lots.before_short) - b * (L - lots.before_long), j)
    start = 0
    for (of, _), total in zip(mixed, totals, strict=True):
        pick = np.zeros(k)
        pick[start : start + len(of)] = 1.0
        row(pick, 0.0, total, total)
        start += len(of)
    return Search(
        cost=np.concatenate([KEPT * kept[at] * unit, [1.0], np.full(m, KEPT)]),
        A=sp.csr_array(np.array(rows)),
        row_lower=np.array(low),
        row_upper=np.array(high),
        lower=np.concatenate([np.zeros(k), [-INF], np.zeros(m)]),
        upper=np.concatenate([room, [INF], np.full(m, INF)]),
        integer=np.concatenate([whole, np.zeros(1 + m, dtype=bool)]),
    )


def _exact(lots: LotBook, at: Indices, mixed: Mixed, shares: Vector) -> dict[int, Decimal]:
    """Whole shares, and of each asset as many as are sold: what rounding left is taken from where there is room."""
    told = dict(zip(at.tolist(), shares.tolist(), strict=True))
    out: dict[int, Decimal] = {}
    for of, amount in mixed:
        order = sorted(of.tolist(), key=lambda k: (-told[k], k))
        left = amount
        for k in order:
            out[k] = min(Decimal(round(told[k])), lots.lots[k].shares, left)
            left -= out[k]
        for k in order:
            more = min(lots.lots[k].shares - out[k], left)
            out[k] += more
            left -= more
    return out
