"""Whole lots for one of thousands of days: the nearest ones, moved lot by lot until no limit is missed, then while it pays.

Every move of one lot against cash is looked at, at once (lot_moves.py): what it does to each limit, and to the objective. First
the move that leaves the least missed is made, over and over, then the one that is worth the most and misses nothing. What is
left is read off in cents; the gap to the weights is stated. A search among lots (rounding.py) may find better ones, and takes a
second.
Source: Lobo, Fazel and Boyd (2007), Portfolio optimization with linear and fixed transaction costs, for what is rounded; the
moves are the neighbourhood of one in local search.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from portopt.domain.arrays import Vector
from portopt.optimization.daily.day import Day
from portopt.trading.exactness import HOLDS
from portopt.trading.lot_moves import Search
from portopt.trading.lots_of_day import Lots, Units, distance, in_cents, missed_by, objective, rows_of, settled

__all__ = ["Lots", "Missed", "QuickBook", "in_cents", "objective", "quick_lots", "settled"]

CLOSED = 1.25  # times what was missed


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
    search = Search(day, lots, gamma, w)
    if not search.repaired():
        return Missed.by(day, search.weights)
    search.improve()
    weights, cash_after = settled(lots, search.units)
    costs = float(weights[lots.cash_at]) - cash_after / lots.value
    if cash_after < 0 or float(missed_by(day, weights, lots, costs).sum()) > HOLDS:
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
        rows, open_rows = rows_of(day, w), day.row_lower < day.row_upper
        return cls(
            np.maximum(day.lower - w, 0.0),
            np.maximum(w - day.upper, 0.0),
            np.maximum(day.row_lower - rows, 0.0) * open_rows,
            np.maximum(rows - day.row_upper, 0.0) * open_rows,
            0.0 if day.center is None else max(distance(day, w) - day.radius, 0.0),
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
