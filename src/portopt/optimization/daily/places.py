"""What each place that a weight or a row may have means: what is given there, what may follow, and where a side leads.

A level is a place or a side of beside/standing.py, counted from nought: LOWEST, SELLING, STAYING, BUYING, HIGHEST of a weight;
of a row 1 at its lower side, 2 at none, 3 at its upper, 4 an equality.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from portopt.domain.arrays import Indices, Matrix
from portopt.optimization.beside.standing import BUYING, LOWEST, SELLING, STAYING
from portopt.optimization.daily.day import NONE, Day

FIRST = -LOWEST  # place + FIRST is its level
LOW, IDLE, HIGH, EQUAL = 1, 2, 3, 4  # levels of a row
ALONG, SIGN, COUNTED = 3, 6, 7  # rows of `numbers`: how the first three grow with tau, and the rest

Levels = npt.NDArray[np.intp]


class Meanings:
    """By what is looked up, level, and weight or row, flat: numbers (9, 5 (n + r)), leads (2, 5 (n + r)), free (5 (n + r),).

    numbers: what is given, a trade or slack where it is held, a gradient or nothing where it is free; what follows may at least
    be, and minus what it may at most be; the same three for one of tau more; whether it counts as bought or sold; and whether
    the lower, and the upper side moves with the price of a row that counts trades. leads: the level beyond each side. free:
    whether it is what is given elsewhere that follows here.
    """

    def __init__(self, day: Day) -> None:
        n, r = day.n, day.r
        self.size = n + r
        numbers, leads = np.zeros((9, 5, n + r)), np.full((2, 5, n + r), IDLE, dtype=np.intp)
        _weights(day, numbers[:, :, :n], leads[:, :, :n])
        _rows(day, numbers[:, :, n:], leads[:, :, n:])
        free = np.zeros((5, n + r), dtype=bool)
        free[[SELLING + FIRST, BUYING + FIRST]] = True
        free[EQUAL, n:] = True
        self.numbers, self.leads, self.free = numbers.reshape(9, -1), leads.reshape(2, -1), free.ravel()
        self._every = np.arange(n + r)

    def at(self, levels: Levels) -> Indices:
        """(n + r,) where in the tables these levels are looked up."""
        return np.asarray(levels * self.size + self._every)


def _weights(day: Day, numbers: Matrix, leads: npt.NDArray[np.intp]) -> None:
    floor, ceiling, fixed = day.at_floor, day.at_ceiling, day.fixed
    h, q = day.wanted(0.0), day.q + day.M_center
    bought, sold = -q - day.buying, -q + day.selling
    h_bought, h_sold = (h, h) if day.still is None else (h + day.still, h - day.still)
    goal, low, high = numbers[:3]
    goal[0], goal[1], goal[3], goal[4] = day.least, h_sold, h_bought, day.most
    low[0], low[1], low[2] = np.where(floor, h_bought, h_sold), day.least, h_bought
    low[3], low[4] = np.maximum(day.least, 0.0), -NONE
    high[0], high[1], high[2] = -NONE, -np.minimum(day.most, 0.0), -h_sold
    high[3], high[4] = -day.most, -np.where(ceiling, h_sold, h_bought)
    goal, low, high = numbers[ALONG:SIGN]
    goal[1], goal[3] = sold, bought
    low[0], low[2] = np.where(floor, bought, sold), bought
    high[2], high[4] = -sold, np.where(ceiling, -sold, -bought)
    numbers[SIGN] = [np.sign(day.least), -np.ones(day.n), np.zeros(day.n), np.ones(day.n), np.sign(day.most)]
    numbers[COUNTED, 0], numbers[COUNTED, 2] = day.least == 0.0, 1.0
    numbers[COUNTED + 1, 2], numbers[COUNTED + 1, 4] = 1.0, day.most == 0.0
    if fixed.any():
        numbers[1, 0, fixed] = numbers[2, 4, fixed] = -NONE
        numbers[ALONG + 1, 0, fixed] = numbers[ALONG + 2, 4, fixed] = 0.0
        numbers[COUNTED, 0, fixed] = numbers[COUNTED + 1, 4, fixed] = 0.0
    lowest, selling, staying, buying, highest = range(5)
    leads[0, 0], leads[0, 1], leads[0, 2] = np.where(floor, buying, selling), lowest, buying
    leads[0, 3], leads[0, 4] = np.where(floor, lowest, STAYING + FIRST), highest
    leads[1, 0], leads[1, 1], leads[1, 2] = lowest, np.where(ceiling, highest, staying), selling
    leads[1, 3], leads[1, 4] = highest, np.where(ceiling, selling, buying)


def _rows(day: Day, numbers: Matrix, leads: npt.NDArray[np.intp]) -> None:
    goal, low, high = numbers[:3]
    goal[LOW], goal[HIGH], goal[EQUAL] = day.row_least, day.row_most, day.row_most
    low[LOW], low[IDLE], low[EQUAL] = -NONE, day.row_least, -NONE
    high[IDLE], high[HIGH], high[EQUAL] = -day.row_most, -NONE, -NONE
    equal = day.row_least == day.row_most
    leads[0, IDLE], leads[1, IDLE] = np.where(equal, EQUAL, LOW), np.where(equal, EQUAL, HIGH)
