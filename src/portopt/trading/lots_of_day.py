"""The book of a day in units and cents, what its trades cost, and by what weights miss the limits of the day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Mask, Matrix, Vector
from portopt.domain.holdings import to_cents
from portopt.domain.tariff import exact
from portopt.optimization.daily.day import Day

TIE = 1e-4  # of a cent: closer to a half than that is decided in decimals
Units = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Lots:
    """The book to be rounded for. units: (n,) held, 0 for cash; price: (n,) money a share; share: units; movable: (n,).

    lot: (n,) units of a trade, at least one.

    value, cash: cents. cash_at: position of cash. rate: (n,) what a trade costs of its value; per_trade, least: cents.
    powers: (n,) what it costs more, of the book, times the 3/2 power of its weight; None for nothing. values: (n,) cents of
    what is held, cash in its place; None to have them worked out.
    remainder: how far cash left after costs may pass its cap, a fraction of the book; None: by less than the cheapest lot,
    which buys nothing.
    """

    units: Units
    price: Vector
    share: int
    lot: Units
    movable: Mask
    value: int
    cash: int
    cash_at: int
    rate: Vector
    per_trade: float = 0.0
    least: float = 0.0
    remainder: float | None = None
    powers: Vector | None = None
    values: Units | None = None

    @property
    def room(self) -> float:
        """How far cash may pass its cap."""
        return self.lots_weights()[0] if self.remainder is None else self.remainder

    def with_remainder(self) -> Lots:
        """The same where cash may pass its cap by less than the dearest lot."""
        return replace(self, remainder=self.lots_weights()[1])

    def lots_weights(self) -> tuple[float, float]:
        """Of the cheapest and of the dearest lot, less a cent."""
        price = (self.price * (100.0 * self.lot / self.share))[self.movable]
        low, high = (float(price.min()), float(price.max())) if len(price) else (0.0, 0.0)
        return max(low - 1.0, 0.0) / self.value, max(high - 1.0, 0.0) / self.value

    def costs(self, moved: Vector, trades: int) -> float:
        """Of the book, what so many trades cost that come to these weights (n,), none negative and cash free."""
        paid = float(self.rate @ moved) + self.per_trade / self.value * trades
        return paid if self.powers is None else paid + float(self.powers @ (moved * np.sqrt(moved)))


def held_in_cents(lots: Lots) -> Units:
    """(n,) what is held, cash in its place."""
    if lots.values is not None:
        return lots.values
    values = in_cents(lots.units, lots.price, lots.share)
    values[lots.cash_at] = lots.cash
    return values


def settled(lots: Lots, units: Units) -> tuple[Vector, float]:
    """((n,) weights of the value before costs, cents of cash when costs are paid)."""
    traded = np.flatnonzero(units != lots.units)
    change = in_cents(np.abs(units - lots.units)[traded], lots.price[traded], lots.share) * np.sign(units - lots.units)[traded]
    held = held_in_cents(lots)
    values = held.copy()
    values[traded] = np.where(units[traded] == 0, 0, held[traded] + change)
    cash = lots.cash - int(change.sum())
    values[lots.cash_at] = cash
    size = np.abs(change).astype(np.float64)
    costs = float(np.rint(size * lots.rate[traded]).sum()) + lots.per_trade * len(traded)
    if lots.powers is not None:
        costs += float(np.rint(size * np.sqrt(size / lots.value) * lots.powers[traded]).sum())
    return values / float(lots.value), cash - costs


def in_cents(units: Units, price: Vector, share: int = 1) -> Units:
    """(n,) what units are worth, half-even to the cent of the shortest decimal of each price. share: units in one."""
    amount = units * price * (100.0 / share)
    found = np.rint(amount).astype(np.int64)
    near = np.flatnonzero(np.abs(np.abs(amount - np.floor(amount)) - 0.5) < TIE + 1e-15 * np.abs(amount))
    for i in near.tolist():
        found[i] = int(to_cents(Decimal(int(units[i])) * exact(float(price[i])) / share) * 100)
    return found


def outside(value: Matrix, lower: Vector | float, upper: Vector | float) -> Matrix:
    return np.asarray(np.maximum(np.maximum(lower - value, value - upper), 0.0))


def rows_of(day: Day, w: Vector) -> Vector:
    return np.asarray(day.G @ w + day.G_buys @ np.maximum(w - day.book, 0.0) + day.G_sells @ np.maximum(day.book - w, 0.0))


def missed_by(day: Day, w: Vector, lots: Lots, costs: float) -> Vector:
    """By every bound, row and the ball, what weights miss them by. costs: of what was traded, a fraction of the book."""
    c, bounds = lots.cash_at, outside(w, day.lower, day.upper)
    if w[c] > day.upper[c]:
        bounds[c] = max(float(w[c]) - float(day.upper[c]) - lots.room - costs, 0.0)
    apart = 0.0 if day.center is None else max(distance(day, w) - day.radius, 0.0)
    return np.concatenate([bounds, outside(rows_of(day, w), day.row_lower, day.row_upper), [apart]])


def distance(day: Day, w: Vector) -> float:
    d = w if day.center is None else w - day.center
    return float(np.sqrt(max(float(d @ (day.M @ d)), 0.0)))


def objective(day: Day, w: Vector, gamma: float) -> float:
    """As minimized; of a ratio the utility at its own risk aversion."""
    moved = w - day.book
    trades = float(day.buying @ np.maximum(moved, 0.0) + day.selling @ np.maximum(-moved, 0.0))
    if day.powers is not None:
        trades += float(day.powers @ np.abs(moved) ** 1.5)
    return 0.5 * gamma * float(w @ (day.M @ w)) + float(day.q @ w) + trades
