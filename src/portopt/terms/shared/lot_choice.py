"""Which lots go where an answer sells: the cheapest choice, or the one that a rule makes.

Of an asset whose gains are all of one kind the lot with the least gain goes first, however gains are netted: nothing is ever
dearer for a smaller gain. Where an asset has short and long lots, how many of each depends on all the others: a small linear
program, once for each case in which what is due is convex.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.lot_book import LotBook, TaxCase
from portopt.domain.problem import Problem

IDLE = 1e-12  # of portfolio value; less is arithmetic
BOUGHT = 1e-8  # more than that is a purchase
NO_GAIN = 1e-12
KEPT = 1e3  # what selling a lot that is to be kept, or passing a limit on gains, costs beside any tax
MOST_REMEMBERED = 64


@dataclass(frozen=True, slots=True, eq=False)
class LotChoice:
    """sold: (K,) in weight. short, long: net gains realized now. due: tax less what was due before, a fraction of value."""

    sold: Vector
    short: float
    long: float
    due: float


def lot_choice(w: Vector, p: Problem) -> LotChoice:
    """The choice of lots at weights w (n,), remembered for the next term that asks."""
    lots = p.held_lots()
    limits = b"".join(repr((limit.kind, limit.on_gains(p))).encode() + limit.kept_lots(p).tobytes() for limit in p.limits)
    key = w.tobytes() + limits
    if key not in lots._made:
        if len(lots._made) >= MOST_REMEMBERED:
            lots._made.pop(next(iter(lots._made)))
        lots._made[key] = _chosen(w, p, lots)
    return cast(LotChoice, lots._made[key])


def _chosen(w: Vector, p: Problem, lots: LotBook) -> LotChoice:
    sold = sold_of_lots(np.maximum(p.previous() - w, 0.0), p, lots, kept_of(w, p))
    gains = lots.gain * sold
    short, long = float(gains[lots.short].sum()), float(gains[~lots.short].sum())
    return LotChoice(sold, short, long, lots.due(lots.before_short + short, lots.before_long + long))


def sold_of_lots(sells: Vector, p: Problem, lots: LotBook, kept: Mask | None = None) -> Vector:
    """(K,) what of each lot is sold where sells (n,) of each asset is. kept: (K,) the lots that go last; None where all may."""
    kept = np.zeros(len(lots), dtype=bool) if kept is None else kept
    sold = np.zeros(len(lots))
    mixed: list[tuple[Indices, float]] = []
    for i in lots.assets:
        amount, at = float(sells[i]), lots.of(int(i))
        if amount <= IDLE:
            continue
        if not lots.in_order and is_mixed(lots, at) and amount < float(lots.weight[at].sum()) - IDLE:
            mixed.append((at, amount))
        else:
            order = order_of(lots, at, kept)
            sold[order] = filled(lots.weight[order], amount)
    if mixed:
        sold = _cheapest(sold, mixed, p, lots, kept)
    return sold


def kept_of(w: Vector, p: Problem) -> Mask:
    """(K,) the lots that a limit does not let go, and those whose loss what is bought takes away."""
    kept = kept_by_limits(p)
    kept[spoiled(w, p)] = True
    return kept


def kept_by_limits(p: Problem) -> Mask:
    """(K,)"""
    kept = np.zeros(len(p.held_lots()), dtype=bool)
    for limit in p.limits:
        kept[limit.kept_lots(p)] = True
    return kept


def spoiled(w: Vector, p: Problem) -> Indices:
    """Losing lots of which something substantially identical is bought at weights w (n,)."""
    lots = p.held_lots()
    bought = np.flatnonzero((w - p.previous() > BOUGHT) & ~p.universe.is_cash)
    return np.flatnonzero((lots.gain < -NO_GAIN) & np.isin(lots.identical[lots.asset], lots.identical[bought]))


def order_of(lots: LotBook, at: Indices, kept: Mask) -> Indices:
    """One asset's lots in the order in which they go, where that is known beforehand: the rule's, or the least gain first."""
    return at if lots.in_order else at[np.lexsort((at, lots.gain[at], kept[at]))]


def filled(room: Vector, amount: float) -> Vector:
    """(k,) one after the other until the amount is reached."""
    before = np.cumsum(room) - room
    return np.clip(amount - before, 0.0, room)


def is_mixed(lots: LotBook, at: Indices) -> bool:
    """Whether an asset's lots are of both kinds, which is dearer when depends on all the others."""
    return not lots.rules.pooled and bool(lots.short[at].any()) and not bool(lots.short[at].all())


def _cheapest(sold: Vector, mixed: list[tuple[Indices, float]], p: Problem, lots: LotBook, kept: Mask) -> Vector:
    """The choice among the lots of assets with both kinds, beside what is sold of the others; the best of all cases."""
    best, found = np.inf, sold
    gains = [c for limit in p.limits for c in limit.on_gains(p)]
    for case in lots.cases():
        answer = _solved(sold, mixed, lots, kept, case, gains)
        if answer is not None and answer[0] < best:
            best, found = answer
    return found


def _solved(
    sold: Vector,
    mixed: list[tuple[Indices, float]],
    lots: LotBook,
    kept: Mask,
    case: TaxCase,
    gains: list[tuple[float, float, float]],
) -> tuple[float, Vector] | None:
    """Columns: what is sold of each lot, what is due, by how much each limit on gains is passed."""
    from scipy.optimize import linprog

    at = np.concatenate([lots_of for lots_of, _ in mixed])
    k, m = len(at), len(gains)
    of_short, of_long = np.where(lots.short[at], lots.gain[at], 0.0), np.where(lots.short[at], 0.0, lots.gain[at])
    now = lots.gain * sold
    S, L = lots.before_short + float(now[lots.short].sum()), lots.before_long + float(now[~lots.short].sum())
    cost = np.concatenate([KEPT * kept[at], [1.0], np.full(m, KEPT)])
    rows, most = [], []
    for piece in case.pieces:
        rows.append([*(piece.of_short * of_short + piece.of_long * of_long), -1.0, *np.zeros(m)])
        most.append(-piece.at(S, L))
    for sides, row, there in ((case.long, of_long, L), (case.sum, of_short + of_long, S + L)):
        if np.isfinite(sides[0]):
            rows.append([*-row, 0.0, *np.zeros(m)])
            most.append(there - sides[0])
        if np.isfinite(sides[1]):
            rows.append([*row, 0.0, *np.zeros(m)])
            most.append(sides[1] - there)
    for j, (a, b, c) in enumerate(gains):
        passed = np.zeros(m)
        passed[j] = -1.0
        rows.append([*(a * of_short + b * of_long), 0.0, *passed])
        most.append(c - a * (S - lots.before_short) - b * (L - lots.before_long))
    totals, start = np.zeros((len(mixed), k + 1 + m)), 0
    for r, (lots_of, _) in enumerate(mixed):
        totals[r, start : start + len(lots_of)] = 1.0
        start += len(lots_of)
    bounds = [*((0.0, float(room)) for room in lots.weight[at]), (None, None), *((0.0, None) for _ in range(m))]
    solved = linprog(cost, np.array(rows), np.array(most), totals, [amount for _, amount in mixed], bounds, method="highs-ds")
    if solved.x is None or not solved.success:
        return None
    out = sold.copy()
    out[at] = np.clip(solved.x[:k], 0.0, lots.weight[at])
    return float(solved.fun), out
