"""One lot more or less of each name against cash, all of them looked at at once, and made one after the other."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Mask, Matrix, Vector
from portopt.optimization.daily.day import Day
from portopt.trading.exactness import HOLDS
from portopt.trading.lots_of_day import Lots, Units, missed_by, outside, rows_of

TOLERANCE = HOLDS / 2.0
REPAIRS, IMPROVEMENTS = 2, 2  # moves a weight to keep the limits, and moves in all that pay
REACH = 8.0  # times the largest lot: farther from its side than that no row comes to it, whatever it counts (4 a weight)
SEVERAL = 3  # moves at once are worth a look
FIRSTS, LESS = 16, 1e-15  # first moves that are tried with a second one; how much less missed is less
DEAR = 1e3  # times the gradient: what a miss costs against the objective while there is one
WORTH = 1e-9  # of the gradient, times a lot: less is no improvement


class Search:
    """units (n,), weights (n,), and M w, kept up with every move."""

    def __init__(self, day: Day, lots: Lots, gamma: float, w: Vector) -> None:
        self.day, self.lots, self.gamma = day, lots, gamma
        w = _paid_for(day, w, lots)
        self.step = np.where(lots.movable, lots.price * (100.0 * lots.lot / lots.share / lots.value), 0.0)
        self.unit = self.step / lots.lot
        with np.errstate(divide="ignore", invalid="ignore"):
            wanted = np.where(lots.movable, np.rint((w - day.book) / self.step), 0.0)
        near = day.book + wanted * self.step
        wanted += np.where(lots.movable, 1.0 * (near < day.lower - TOLERANCE) - (near > day.upper + TOLERANCE), 0.0)
        self.units = lots.units + lots.lot * wanted.astype(np.int64)
        self.fewest = _fewest(lots)
        gone = lots.movable & (w <= 0.0) & (lots.units > 0)
        self.units[gone] = 0
        self._make_room(wanted - (w - day.book) / np.where(self.step > 0.0, self.step, 1.0))
        self._drop_small()
        self.weights: Vector
        self.M_w: Vector
        self.M_d: Vector
        self._weigh()
        self.moves: Units = np.zeros((2, day.n), dtype=np.int64)
        self.room = lots.room
        self.curve = np.diagonal(day.M) - 2.0 * day.M[lots.cash_at] + day.M[lots.cash_at, lots.cash_at]
        self.dear = DEAR * max(float(np.abs(gamma * self.M_w + day.q).max()), 1e-12)

    def _make_room(self, up: Vector) -> None:
        """Where rounding bought more than cash pays for, what was rounded up the most is rounded down. up: (n,) lots."""
        lots, w = self.lots, self._weights()
        short = self._costs(w) + float(self.day.lower[lots.cash_at]) - float(w[lots.cash_at])
        if not short > 0.0:
            return
        kept = (up > 0.0) & (self.units >= lots.lot) & (w - self.step >= self.day.lower - TOLERANCE) & lots.movable
        order = np.flatnonzero(kept)[np.argsort(-up[kept], kind="stable")]
        enough = int(np.searchsorted(np.cumsum(self.step[order]), short)) + 1
        self.units[order[:enough]] -= lots.lot[order[:enough]]

    def _drop_small(self) -> None:
        """Trades that are too small are none, or, of what is held beyond its bounds, the smallest there may be."""
        lots, day = self.lots, self.day
        traded = np.abs(self.units - lots.units) * lots.price * (100.0 / lots.share)
        small = (traded < lots.least) & (self.units != 0)
        self.units[small] = lots.units[small]
        if self.fewest is not None:
            short = day.book < day.lower - TOLERANCE
            beyond = small & lots.movable & (short | (day.book > day.upper + TOLERANCE))
            by = np.where(short, self.fewest, -self.fewest)
            self.units[beyond] = np.maximum(lots.units + by, 0)[beyond]

    def _moves(self) -> Units:
        """(2, n) units more, and less: a lot; from no trade the fewest there may be, and to none what would be fewer."""
        lots = self.lots
        by = np.array([lots.lot, -lots.lot])
        if self.fewest is not None:
            traded = self.units - lots.units
            by = np.where(traded == 0, np.array([self.fewest, -self.fewest]), by)
            by = np.where((traded != 0) & (np.abs(traded + by) < self.fewest), -traded, by)
        by[1] = np.where(self.units < -by[1], -self.units, by[1])  # what is left of a lot goes whole
        return by

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
            if self._made_many(score, missed, before):
                continue
            if missed.flat[best] < before - LESS:
                self._make(best)
            elif not self._made_two(score, before):
                return False
        return self._now() <= TOLERANCE

    def _made_many(self, score: Matrix, missed: Matrix, before: float) -> bool:
        """As many of the best moves at once, one a name, as together close what is missed, where that takes several.

        Whether they were made: they leave less missed than the best one would.
        """
        every = np.arange(self.day.n)
        way = np.argmin(score, axis=0)
        gain = before - missed[way, every]
        order = np.flatnonzero(gain > LESS)
        order = order[np.argsort(score[way[order], order], kind="stable")]
        enough = int(np.searchsorted(np.cumsum(gain[order]), before - TOLERANCE)) + 1
        if not SEVERAL <= enough <= len(order):
            return False
        kept = self.units.copy(), self.weights, self.M_w, self.M_d
        at = order[:enough]
        self.units[at] += self.moves[way[at], at]
        self._weigh()
        if self._now() < float(missed.min()):
            return True
        self.units, self.weights, self.M_w, self.M_d = kept
        return False

    def _weigh(self) -> None:
        self.weights = self._weights()
        self.M_w = self.day.M @ self.weights
        self.M_d = self.M_w - self.day.M_center

    def _scores(self) -> tuple[Matrix, Matrix]:
        """(2, n), (2, n): how bad each move is, and what it leaves missed."""
        missed, worse = self._looked_at()
        return self.dear * missed + worse, missed

    def _made_two(self, score: Matrix, before: float) -> bool:
        """The two moves that leave the least missed together, the first among the best alone; whether they leave less."""
        kept, moves = (self.units.copy(), self.weights, self.M_w, self.M_d), self.moves
        best: tuple[float, int, int, Units] = (np.inf, 0, 0, moves)
        for first in np.argsort(score, axis=None, kind="stable")[:FIRSTS].tolist():
            self._make(first)
            after, missed = self._scores()
            second = int(np.argmin(after))
            if missed.flat[second] < before - LESS:
                best = min(best, (float(after.flat[second]), first, second, self.moves), key=lambda one: one[:3])
            self.moves = moves
            self.units, (self.weights, self.M_w, self.M_d) = kept[0].copy(), kept[1:]
        if best[0] == np.inf:
            return False
        self._make(best[1])
        self.moves = best[3]
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
        self.moves = moves = self._moves()
        by = moves * self.unit
        by[1] = np.where(moves[1] == -self.units, -np.maximum(w, 0.0) * lots.movable, by[1])
        after, cash = w + by, float(w[c]) - by
        apart = outside(w, day.lower, day.upper)
        missed = outside(after, day.lower, day.upper) - apart
        leaves = missed > TOLERANCE  # its own bounds, which it can keep by itself: never given for another limit
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
        barred = leaves | ~self._allowed(moved + by, after)
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
        i, less = at % day.n, at // day.n
        self.units[i] += self.moves[less, i]
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


def _fewest(lots: Lots) -> Units | None:
    """(n,) the fewest units that may be traded; None where that is a lot of each."""
    if lots.least <= 0.0:
        return None
    a_lot = lots.price * (100.0 * lots.lot / lots.share)
    return np.asarray(lots.lot * np.maximum(np.ceil(lots.least / a_lot - 1e-12), 1.0).astype(np.int64))


def _powers(before: Vector, after: Matrix) -> Matrix:
    """(2, n) by how much the 3/2 powers of trades change."""
    was, is_now = np.abs(before), np.abs(after)
    return np.asarray(is_now * np.sqrt(is_now) - was * np.sqrt(was))
