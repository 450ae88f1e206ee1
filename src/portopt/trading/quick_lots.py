"""Whole lots for one of thousands of days: the nearest ones, moved lot by lot until no limit is missed, then while it pays.

Every move of one lot against cash is looked at, at once: what it does to each limit, and to the objective. First the move that
leaves the least missed is made, over and over, then the one that is worth the most and misses nothing. What is left is read
off in cents; the gap to the weights is stated. A search among lots (rounding.py) may find better ones, and takes a second.
Source: Lobo, Fazel and Boyd (2007), Portfolio optimization with linear and fixed transaction costs, for what is rounded; the
moves are the neighbourhood of one in local search.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Mask, Matrix, Vector
from portopt.domain.holdings import to_cents
from portopt.domain.tariff import exact
from portopt.optimization.daily.day import Day
from portopt.trading.exactness import HOLDS

TOLERANCE = HOLDS / 2.0
REPAIRS, IMPROVEMENTS = 2, 4  # moves a weight to keep the limits, and moves in all that pay
REACH = 8.0  # times the largest lot: farther from its side than that no row comes to it, whatever it counts (4 a weight)
FIRSTS, LESS = 16, 1e-15  # first moves that are tried with a second one; how much less missed is less
CLOSED = 1.25  # times what was missed
DEAR = 1e3  # times the gradient: what a miss costs against the objective while there is one
TIE = 1e-4  # of a cent: closer to a half than that is decided in decimals
WORTH = 1e-9  # of the gradient, times a lot: less is no improvement
Units = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Lots:
    """The book to be rounded for. units: (n,) held, 0 for cash; price: (n,) money a share; share, lot: units; movable: (n,).

    value, cash: cents. cash_at: position of cash. rate: (n,) what a trade costs of its value; per_trade, least: cents.
    remainder: how far cash left after costs may pass its cap, a fraction of the book; None: by less than the cheapest lot,
    which buys nothing.
    """

    units: Units
    price: Vector
    share: int
    lot: int
    movable: Mask
    value: int
    cash: int
    cash_at: int
    rate: Vector
    per_trade: float = 0.0
    least: float = 0.0
    remainder: float | None = None

    @property
    def room(self) -> float:
        """How far cash may pass its cap."""
        return self.lots_weights()[0] if self.remainder is None else self.remainder

    def with_remainder(self) -> Lots:
        """The same where cash may pass its cap by less than the dearest lot."""
        return replace(self, remainder=self.lots_weights()[1])

    def lots_weights(self) -> tuple[float, float]:
        """Of the cheapest and of the dearest lot, less a cent."""
        price = self.price[self.movable] * (100.0 * self.lot / self.share)
        low, high = (float(price.min()), float(price.max())) if len(price) else (0.0, 0.0)
        return max(low - 1.0, 0.0) / self.value, max(high - 1.0, 0.0) / self.value


@dataclass(frozen=True, slots=True, eq=False)
class QuickBook:
    """units: (n,) wanted. weights: (n,) by value before costs, as settled. gap: what is lost of the objective, as minimized."""

    units: Units
    weights: Vector
    gap: float


def quick_lots(day: Day, w: Vector, lots: Lots, gamma: float = 1.0) -> QuickBook | Missed:
    """Units that keep every limit of the day, near w (n,).

    Where no moves lead to any: what the nearest miss, for the day to be solved again with that closed.
    gamma: what curvature counts for against return: 1, or of a ratio its own risk aversion.
    """
    search = _Search(day, lots, gamma, w)
    if not search.repaired():
        return Missed.by(day, search.weights)
    search.improve()
    weights, cash_after = settled(lots, search.units)
    costs = float(weights[lots.cash_at]) - cash_after / lots.value
    if cash_after < 0 or float(_missed(day, weights, lots, costs).sum()) > HOLDS:
        return Missed.by(day, weights)
    return QuickBook(search.units, weights, objective(day, weights, gamma) - objective(day, w, gamma))


@dataclass(frozen=True, slots=True, eq=False)
class Missed:
    """By how much each side is missed. lower, upper: (n,); row_lower, row_upper: (r,); radius of the ball."""

    lower: Vector
    upper: Vector
    row_lower: Vector
    row_upper: Vector
    radius: float

    @classmethod
    def by(cls, day: Day, w: Vector) -> Missed:
        rows, open_rows = _rows(day, w), day.row_lower < day.row_upper
        return cls(
            np.maximum(day.lower - w, 0.0),
            np.maximum(w - day.upper, 0.0),
            np.maximum(day.row_lower - rows, 0.0) * open_rows,
            np.maximum(rows - day.row_upper, 0.0) * open_rows,
            0.0 if day.center is None else max(_distance(day, w) - day.radius, 0.0),
        )

    def closed(self, day: Day) -> Day:
        """The day with every one of them closed by a little more."""
        return replace(
            day,
            lower=np.minimum(day.lower + CLOSED * self.lower, day.upper),
            upper=np.maximum(day.upper - CLOSED * self.upper, day.lower),
            row_lower=day.row_lower + CLOSED * self.row_lower,
            row_upper=day.row_upper - CLOSED * self.row_upper,
            radius=day.radius - CLOSED * self.radius,
        )


def settled(lots: Lots, units: Units) -> tuple[Vector, float]:
    """((n,) weights of the value before costs, cents of cash when costs are paid)."""
    traded = np.flatnonzero(units != lots.units)
    change = in_cents(np.abs(units - lots.units)[traded], lots.price[traded], lots.share) * np.sign(units - lots.units)[traded]
    held = in_cents(lots.units, lots.price, lots.share)
    values = held.copy()
    values[traded] = np.where(units[traded] == 0, 0, held[traded] + change)
    cash = lots.cash - int(change.sum())
    values[lots.cash_at] = cash
    costs = float(np.rint(np.abs(change) * lots.rate[traded]).sum()) + lots.per_trade * len(traded)
    return values / float(lots.value), cash - costs


def in_cents(units: Units, price: Vector, share: int = 1) -> Units:
    """(n,) what units are worth, half-even to the cent of the shortest decimal of each price. share: units in one."""
    amount = units * price * (100.0 / share)
    found = np.rint(amount).astype(np.int64)
    near = np.flatnonzero(np.abs(np.abs(amount - np.floor(amount)) - 0.5) < TIE + 1e-15 * np.abs(amount))
    for i in near.tolist():
        found[i] = int(to_cents(Decimal(int(units[i])) * exact(float(price[i])) / share) * 100)
    return found


class _Search:
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
            if self._now() <= TOLERANCE:
                return True
            before = self._now()
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
        lots = self.lots
        after = self.weights[lots.cash_at] - self._costs(self.weights)
        return float(_missed(self.day, self.weights, lots, self._costs(self.weights)).sum()) + float(max(-after, 0.0))

    def _costs(self, w: Vector) -> float:
        lots = self.lots
        moved = np.abs(w - self.day.book)
        moved[lots.cash_at] = 0.0
        trades = int(np.count_nonzero(self.units != lots.units))
        return float(lots.rate @ moved) + lots.per_trade / lots.value * trades

    def _looked_at(self) -> tuple[Matrix, Matrix]:
        """(2, n), (2, n): of a lot more and a lot less of each, what is missed then, and how much worse the objective is."""
        day, lots, w, c = self.day, self.lots, self.weights, self.lots.cash_at
        by = np.array([self.step, -self.step])
        by[1] = np.where(self.units < lots.lot, -np.maximum(w, 0.0), by[1])  # an odd lot goes whole
        after, cash = w + by, w[c] - by
        missed = _outside(after, day.lower, day.upper) - _outside(w, day.lower, day.upper)
        apart = _outside(w, day.lower, day.upper)
        apart[c] = 0.0
        missed += float(apart.sum())
        bought, sold = _change(after, w, day.book), _change(-after, -w, -day.book)
        bought_c, sold_c = _change(cash, w[c], day.book[c]), _change(-cash, -w[c], -day.book[c])
        missed += self._rows_after(by, bought, sold, bought_c, sold_c)
        curve = by * by * (np.diagonal(day.M) - 2.0 * day.M[c] + day.M[c, c])
        if day.center is not None:
            squared = float((w - day.center) @ self.M_d) + 2.0 * by * (self.M_d - self.M_d[c]) + curve
            missed += np.maximum(np.sqrt(np.maximum(squared, 0.0)) - day.radius, 0.0)
        paid = lots.rate * (bought + sold)
        fresh = (self.units == lots.units) * (lots.per_trade / lots.value)
        costs = self._costs(w) + paid + fresh
        missed += np.maximum(costs - cash, 0.0) + _outside(cash, day.lower[c], day.upper[c] + self.room + costs)
        slope = self.gamma * (self.M_w - self.M_w[c]) + day.q - day.q[c]
        worse = by * slope + 0.5 * self.gamma * curve + day.buying * bought + day.selling * sold
        barred = ~self._allowed(after)
        missed[barred] = worse[barred] = np.inf
        return missed, worse

    def _rows_after(self, by: Matrix, bought: Matrix, sold: Matrix, bought_c: Matrix, sold_c: Matrix) -> Matrix:
        """(2, n) what rows are missed by after each move; those that no move of a lot reaches are missed by what they are."""
        day, c = self.day, self.lots.cash_at
        value = _rows(day, self.weights)
        out = np.zeros_like(by)
        room = np.minimum(value - day.row_lower, day.row_upper - value)
        for j in np.flatnonzero(room < REACH * float(np.abs(by).max(initial=0.0))).tolist():
            row = value[j] + (day.G[j] - day.G[j, c]) * by
            if j in day.counting:
                row = row + day.G_buys[j] * bought + day.G_sells[j] * sold + day.G_buys[j, c] * bought_c
                row += day.G_sells[j, c] * sold_c
            out += _outside(row, day.row_lower[j], day.row_upper[j])
        return out

    def _allowed(self, after: Matrix) -> Mask:
        """(2, n) whether the trade that is left is none, all of it, or not too small."""
        lots = self.lots
        trade = np.abs(after - self.day.book)
        fits = (trade * lots.value >= lots.least * (1.0 - 1e-12)) | (trade < 1e-15) | (after <= 0.0)
        return fits & lots.movable & ((after > 0.0) | (self.weights > 0.0))

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
    costs = float(lots.rate @ np.abs(moved)) + lots.per_trade / lots.value * int(np.count_nonzero(moved))
    short, bought = costs + max(float(day.lower[lots.cash_at]), 0.0) - float(w[lots.cash_at]), float(buys.sum())
    if not 0.0 < short < bought:
        return w
    paid = w - buys * (short / bought)
    paid[lots.cash_at] += short
    return np.asarray(paid)


def _outside(value: Matrix, lower: Vector | float, upper: Vector | float) -> Matrix:
    return np.asarray(np.maximum(np.maximum(lower - value, value - upper), 0.0))


def _change(after: Matrix, before: Vector | float, book: Vector | float) -> Matrix:
    """How much more is bought."""
    return np.asarray(np.maximum(after - book, 0.0) - np.maximum(before - book, 0.0))


def _rows(day: Day, w: Vector) -> Vector:
    return np.asarray(day.G @ w + day.G_buys @ np.maximum(w - day.book, 0.0) + day.G_sells @ np.maximum(day.book - w, 0.0))


def _missed(day: Day, w: Vector, lots: Lots, costs: float) -> Vector:
    """By every bound, row and the ball, what weights miss them by. costs: of what was traded, a fraction of the book."""
    c, bounds = lots.cash_at, _outside(w, day.lower, day.upper)
    if w[c] > day.upper[c]:
        bounds[c] = max(float(w[c]) - float(day.upper[c]) - lots.room - costs, 0.0)
    apart = 0.0 if day.center is None else max(_distance(day, w) - day.radius, 0.0)
    return np.concatenate([bounds, _outside(_rows(day, w), day.row_lower, day.row_upper), [apart]])


def _distance(day: Day, w: Vector) -> float:
    d = w if day.center is None else w - day.center
    return float(np.sqrt(max(float(d @ (day.M @ d)), 0.0)))


def objective(day: Day, w: Vector, gamma: float) -> float:
    """As minimized; of a ratio the utility at its own risk aversion."""
    trades = float(day.buying @ np.maximum(w - day.book, 0.0) + day.selling @ np.maximum(day.book - w, 0.0))
    return 0.5 * gamma * float(w @ (day.M @ w)) + float(day.q @ w) + trades
