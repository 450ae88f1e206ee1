"""What each of the five places means for each weight: what is given there, what may follow, and where a side leads."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.optimization.beside.standing import BUYING, HIGHEST, LOWEST, SELLING, STAYING, Places
from portopt.optimization.daily.day import NONE, Day

FIRST = -LOWEST  # place + FIRST is its row


class Line(NamedTuple):
    """(5, n) at tau = 0 and how it grows with tau."""

    base: Matrix
    slope: Matrix

    def at(self, tau: float) -> Matrix:
        return self.base + tau * self.slope


class Meanings:
    """By place and weight, (5, n). goal: what is given, a trade where it is held and a gradient where it is free.

    least: (2, 5, n) what follows may at least be, and minus what it may at most be. sign: whether it counts as bought or sold.
    counted: (2, 5, n) whether a side moves with the price of a row that counts trades, the lower by that of a buy, the upper by
    that of a sell. leads: (2, 5, n) the place beyond each side.
    """

    def __init__(self, day: Day) -> None:
        n, floor, ceiling = day.n, day.at_floor, day.at_ceiling
        nothing, no, one = np.zeros(n), np.full(n, -NONE), np.ones(n)
        h, q = day.wanted(0.0), day.q + day.M_center
        bought, sold = Line(h, -q - day.buying), Line(h, -q + day.selling)
        fixed = day.fixed
        low, high = np.where(fixed, no, h), np.where(fixed, no, -h)
        at_low, at_high = np.where(floor, bought.slope, sold.slope), np.where(ceiling, -sold.slope, -bought.slope)
        at_low[fixed] = at_high[fixed] = 0.0
        self.goal = Line(np.array([day.least, h, nothing, h, day.most]), np.zeros((5, n)))
        self.goal.slope[1], self.goal.slope[3] = sold.slope, bought.slope
        self.least = Line(
            np.array(
                [
                    [low, day.least, h, np.maximum(day.least, 0.0), no],
                    [no, -np.minimum(day.most, 0.0), -h, -day.most, high],
                ]
            ),
            np.array([[at_low, nothing, bought.slope, nothing, nothing], [nothing, nothing, -sold.slope, nothing, at_high]]),
        )
        self.sign = np.array([np.sign(day.least), -one, nothing, one, np.sign(day.most)])
        at_floor, at_ceiling = (day.least == 0.0) & ~fixed, (day.most == 0.0) & ~fixed
        self.counted = np.array(
            [[at_floor, nothing, one, nothing, nothing], [nothing, nothing, one, nothing, at_ceiling]], dtype=float
        )
        below = [
            np.where(floor, BUYING, SELLING),
            LOWEST * one,
            BUYING * one,
            np.where(floor, LOWEST, STAYING),
            HIGHEST * one,
        ]
        above = [
            LOWEST * one,
            np.where(ceiling, HIGHEST, STAYING),
            SELLING * one,
            HIGHEST * one,
            np.where(ceiling, SELLING, BUYING),
        ]
        self.leads = np.array([below, above]).astype(np.int8)
        self._every = np.arange(n)

    def of(self, table: Matrix, places: Places) -> Vector:
        """(n,), or (2, n), of one of them where the weights stand."""
        return np.asarray(table[..., places + FIRST, self._every])
