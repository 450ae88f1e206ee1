"""One lot more or less of each name against cash, all of them looked at at once, and made one after the other."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Mask, Matrix, Vector
from portopt.optimization.daily.day import Day
from portopt.trading.exactness import HOLDS
from portopt.trading.lots_of_day import Lots, missed_by, outside, rows_of

TOLERANCE = HOLDS / 2.0
REPAIRS, IMPROVEMENTS = 2, 4  # moves a weight to keep the limits, and moves in all that pay
REACH = 8.0  # times the largest lot: farther from its side than that no row comes to it, whatever it counts (4 a weight)
FIRSTS, LESS = 16, 1e-15  # first moves that are tried with a second one; how much less missed is less
DEAR = 1e3  # times the gradient: what a miss costs against the objective while there is one
WORTH = 1e-9  # of the gradient, times a lot: less is no improvement


class Search:
    """units (n,), weights (n,), and M w, kept up with every move."""

    def __init__(self, day: Day, lots: Lots, gamma: float, w: Vector) -> None:
        self.day, self.lots, self.gamma = day, lots, gamma
        w = _paid_for(day, w, lots)
        self.step = np.where(lots.movable, lots.price * (100.0 * lots.lot / lots.share / lots.value), 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            wanted = np.where(lots.movable, np.rint((w - day.book) / self.step), 0.0)
        near = day.book + wanted * self.step
        wanted += np.where(lots.movable, 1.0 * (near < day.lower - TOLERANCE) - (near > day.upper + TOLERANCE), 0.0)
        self.units = lots.units + lots.lot * wanted.astype(np.int64)
        gone = lots.movable & (w <= 0.0) & (lots.units > 0)
        self.units[gone] = 0
        self._drop_small()
        self.weights = self._weights()
        self.M_w = day.M @ self.weights
        self.M_d = self.M_w - day.M_center
        self.room = lots.room
        self.curve = np.diagonal(day.M) - 2.0 * day.M[lots.cash_at] + day.M[lots.cash_at, lots.cash_at]
        self.dear = DEAR * max(float(np.abs(gamma * self.M_w + day.q).max()), 1e-12)

    def _drop_small(self) -> None:
        lots = self.lots
        traded = np.abs(self.units - lots.units) * lots.price * (100.0 / lots.share)
        small = (traded < lots.least) & (self.units != 0)
        self.units[small] = lots.units[small]

    def _weights(self) -> Vector:
        lots, day = self.lots, self.day
        moved = (self.units - lots.units) * lots.price * (100.0 / lots.share / lots.value)
        w = np.where(self.units == 0, np.where(lots.movable, 0.0, day.book), day.book + moved)
        w[lots.cash_at] = 0.0
        w[lots.cash_at] = 1.0 - float(w.sum())
        return np.asarray(w)

    def repaired(self) -> bool:
        """Move until nothing is missed; whether that was come to."""
        for _ in range(REPAIRS * self.day.n):
            before = self._now()
            if before <= TOLERANCE:
                return True
            score, missed = self._scores()
            best = int(np.argmin(score))
            if missed.flat[best] < before - LESS:
                self._make(best)
            elif not self._made_two(score, before):
                return False
        return self._now() <= TOLERANCE

    def _scores(self) -> tuple[Matrix, Matrix]:
        """(2, n), (2, n): how bad each move is, and what it leaves missed."""
        missed, worse = self._looked_at()
        return self.dear * missed + worse, missed

    def _made_two(self, score: Matrix, before: float) -> bool:
        """The two moves that leave the least missed together, the first among the best alone; whether they leave less."""
        kept = self.units.copy(), self.weights, self.M_w, self.M_d
        best: tuple[float, int, int] = (np.inf, 0, 0)
        for first in np.argsort(score, axis=None, kind="stable")[:FIRSTS].tolist():
            self._make(first)
            after, missed = self._scores()
            second = int(np.argmin(after))
            if missed.flat[second] < before - LESS:
                best = min(best, (float(after.flat[second]), first, second))
            self.units, (self.weights, self.M_w, self.M_d) = kept[0].copy(), kept[1:]
        if best[0] == np.inf:
            return False
        self._make(best[1])
        self._make(best[2])
        return True

    def improve(self) -> None:
        """Move while it pays and misses nothing."""
        for _ in range(IMPROVEMENTS):
            missed, worse = self._looked_at()
            worse = np.where(missed <= TOLERANCE, worse, np.inf)
            best = int(np.argmin(worse))
            if not worse.flat[best] < -WORTH * self.dear / DEAR * max(self.step[best % self.day.n], 1e-12):
                return
            self._make(best)

    def _now(self) -> float:
        costs = self._costs(self.weights)
        missed = float(missed_by(self.day, self.weights, self.lots, costs).sum())
        return missed + max(costs - float(self.weights[self.lots.cash_at]), 0.0)

    def _costs(self, w: Vector) -> float:
        lots = self.lots
        moved = np.abs(w - self.day.book)
        moved[lots.cash_at] = 0.0
        return lots.costs(moved, int(np.count_nonzero(self.units != lots.units)))

    def _looked_at(self) -> tuple[Matrix, Matrix]:
        """(2, n), (2, n): of a lot more and a lot less of each, what is missed then, and how much worse the objective is."""
        day, lots, w, c = self.day, self.lots, self.weights, self.lots.cash_at
        by = np.array([self.step, -self.step])
        by[1] = np.where(self.units < lots.lot, -np.maximum(w, 0.0), by[1])  # an odd lot goes whole
        after, cash = w + by, float(w[c]) - by
        apart = outside(w, day.lower, day.upper)
        missed = outside(after, day.lower, day.upper) - apart
        apart[c] = 0.0
        missed += float(apart.sum())
        moved, moved_c = w - day.book, float(w[c] - day.book[c])
        bought = np.maximum(moved + by, 0.0) - np.maximum(moved, 0.0)
        bought_c = np.maximum(moved_c - by, 0.0) - max(moved_c, 0.0)
        sold = bought - by
        missed += self._rows_after(by, bought, sold, bought_c, bought_c + by)
        curve = by * by * self.curve
        if day.center is not None:
            squared = self._squared() + 2.0 * by * (self.M_d - self.M_d[c]) + curve
            missed += np.maximum(np.sqrt(np.maximum(squared, 0.0)) - day.radius, 0.0)
        powered = _powers(moved, moved + by) if day.powers is not None or lots.powers is not None else None
        costs = self._costs(w) + lots.rate * (bought + sold) + self._fresh()
        if powered is not None and lots.powers is not None:
            costs += lots.powers * powered
        missed += np.maximum(costs - cash, 0.0) + outside(cash, day.lower[c], day.upper[c] + self.room + costs)
        slope = self.gamma * (self.M_w - self.M_w[c]) + day.q - day.q[c]
        worse = by * slope + 0.5 * self.gamma * curve + day.buying * bought + day.selling * sold
        if powered is not None and day.powers is not None:
            worse += day.powers * powered
        barred = ~self._allowed(moved + by, after)
        missed[barred] = worse[barred] = np.inf
        return missed, worse

    def _squared(self) -> float:
        """The square of how far from the ball's centre the weights are."""
        d = self.weights if self.day.center is None else self.weights - self.day.center
        return float(d @ self.M_d)

    def _fresh(self) -> Vector | float:
        """(n,) what a trade costs where none was made."""
        lots = self.lots
        return (self.units == lots.units) * (lots.per_trade / lots.value) if lots.per_trade else 0.0

    def _rows_after(self, by: Matrix, bought: Matrix, sold: Matrix, bought_c: Matrix, sold_c: Matrix) -> Matrix:
        """(2, n) what rows are missed by after each move; those that no move of a lot reaches are missed by what they are."""
        day, c = self.day, self.lots.cash_at
        value = rows_of(day, self.weights)
        out = np.zeros_like(by)
        room = np.minimum(value - day.row_lower, day.row_upper - value)
        for j in np.flatnonzero(room < REACH * float(np.abs(by).max(initial=0.0))).tolist():
            row = value[j] + (day.G[j] - day.G[j, c]) * by
            if j in day.counting:
                row = row + day.G_buys[j] * bought + day.G_sells[j] * sold + day.G_buys[j, c] * bought_c
                row += day.G_sells[j, c] * sold_c
            out += outside(row, day.row_lower[j], day.row_upper[j])
        return out

    def _allowed(self, trade: Matrix, after: Matrix) -> Mask:
        """(2, n) whether the trade that is left is none, all of it, or not too small."""
        lots, there = self.lots, after > 0.0
        allowed = lots.movable & (there | (self.weights > 0.0))
        if lots.least <= 0.0:
            return np.asarray(allowed)
        size = np.abs(trade)
        return np.asarray(allowed & ((size * lots.value >= lots.least * (1.0 - 1e-12)) | (size < 1e-15) | ~there))

    def _make(self, at: int) -> None:
        day, lots = self.day, self.lots
        i, less = at % day.n, at >= day.n
        if less:
            self.units[i] = self.units[i] - lots.lot if self.units[i] >= lots.lot else 0
        else:
            self.units[i] += lots.lot
        before = self.weights
        self.weights = self._weights()
        by, c = float(self.weights[i] - before[i]), lots.cash_at
        self.M_w = self.M_w + by * (day.M[i] - day.M[c])
        self.M_d = self.M_w - day.M_center


def _paid_for(day: Day, w: Vector, lots: Lots) -> Vector:
    """(n,) the weights with buys made smaller by what trading costs beyond the cash there is."""
    moved = (w - day.book) * lots.movable
    buys = np.maximum(moved, 0.0)
    costs = lots.costs(np.abs(moved), int(np.count_nonzero(moved)))
    short, bought = costs + max(float(day.lower[lots.cash_at]), 0.0) - float(w[lots.cash_at]), float(buys.sum())
    if not 0.0 < short < bought:
        return w
    paid = w - buys * (short / bought)
    paid[lots.cash_at] += short
    return np.asarray(paid)


def _powers(before: Vector, after: Matrix) -> Matrix:
    """(2, n) by how much the 3/2 powers of trades change."""
    was, is_now = np.abs(before), np.abs(after)
    return np.asarray(is_now * np.sqrt(is_now) - was * np.sqrt(was))
