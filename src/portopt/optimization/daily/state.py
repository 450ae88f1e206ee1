"""Where everything stands on a walk: what is given, what follows, and the sides it must keep."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.optimization.beside.standing import Standing
from portopt.optimization.daily.bend import Line
from portopt.optimization.daily.day import Day
from portopt.optimization.daily.factored import Factored
from portopt.optimization.daily.places import ALONG, COUNTED, FIRST, SIGN, Levels, Meanings
from portopt.optimization.daily.tableau import Table

SIGNS = np.array([[1.0], [-1.0]])
TABLED = 100  # exchanged, from which on a table is cheaper to change than a factorization


class State:
    """levels: (n + r,), see places.py. given, follows: (n + r,) as the table has them.

    goal: (n + r,) what is given at tau where everything stands. sides: (2, n + r) what follows must at least be there, and
    minus what it may at most be. widths: (c, 2, n + r) how sides move with the prices of the c rows that count trades.
    """

    def __init__(self, day: Day, means: Meanings, now: Standing, tau: float) -> None:
        """Raises Dependent."""
        n, r = day.n, day.r
        self.day, self.n, self.means = day, n, means
        self.levels = levels_of(now)
        self.counting = np.array(day.counting, dtype=np.intp)
        at = means.at(self.levels)
        C, exchanged = rows_as_counted(day, means.numbers[SIGN].take(at[:n])), means.free.take(at)
        many = np.count_nonzero(exchanged) > TABLED
        self.table = Table(day.curvature, C, exchanged) if many else Factored(day, C, exchanged)
        self._per_trade = np.zeros((len(self.counting), 2, n + r))
        self._per_trade[:, 0, :n], self._per_trade[:, 1, :n] = day.G_buys[self.counting], day.G_sells[self.counting]
        self.aim(tau)
        self.given = self.goal.copy()
        self.follows = self.table.follows(self.given)

    def aim(self, tau: float) -> None:
        """Goal and sides of where everything stands, at one tau."""
        self.tau = tau
        found = self.means.numbers.take(self.means.at(self.levels), axis=1)
        aims = found[:ALONG] + tau * found[ALONG:SIGN]
        self.goal, self.sides = aims[0], aims[1:]
        self.widths = self._per_trade * found[COUNTED:]

    def slopes(self) -> Vector:
        """(n + r,) how the goal grows with tau."""
        return np.asarray(self.means.numbers[ALONG].take(self.means.at(self.levels)))

    def steepness(self, k: int) -> Vector:
        """(2,) how the sides at k grow with tau."""
        return self.means.numbers[ALONG + 1 : SIGN, self.levels[k] * self.means.size + k]

    def aim_at(self, k: int) -> None:
        """Goal and sides at k alone."""
        found = self.means.numbers[:, self.levels[k] * self.means.size + k]
        aims = found[:ALONG] + self.tau * found[ALONG:SIGN]
        self.goal[k], self.sides[:, k] = aims[0], aims[1:]
        if len(self.counting):
            self.widths[:, :, k] = self._per_trade[:, :, k] * found[COUNTED:]

    def prices(self, given: Vector, follows: Vector) -> Vector:
        """(r,) the multipliers of the rows, or their rates."""
        n = self.n
        return np.where(self.table.exchanged[n:], follows[n:], given[n:])

    def against(self, given: Vector, follows: Vector) -> Matrix:
        """(2, n + r) what is held against the sides, or how it moves."""
        out = SIGNS * follows
        for width, j in zip(self.widths, self.counting, strict=True):
            k = self.n + j
            out += width * (follows if self.table.exchanged[k] else given)[k]
        return out

    def line(self, rates: Vector, following: Vector) -> Line:
        """From here on at these rates."""
        return Line(self.tau, *self._trades(self.given, self.follows), *self._trades(rates, following), self._price_of_trades())

    def _trades(self, given: Vector, follows: Vector) -> tuple[Vector, Vector]:
        """(n,), (n,): the trades x and M x, or their rates."""
        n, free = self.n, self.table.exchanged[: self.n]
        x, g = np.where(free, follows[:n], given[:n]), np.where(free, given[:n], follows[:n])
        M_x = g - self.prices(given, follows) @ self.table.C
        return x, M_x if self.day.bend is None else M_x - self.day.bend * x

    def _price_of_trades(self) -> Vector | None:
        """(n,) what a trade more costs where one is made, a sale more being less; None where nobody asks."""
        if not self.day.ratio:
            return None
        sign = self.means.numbers[SIGN].take(self.means.at(self.levels))[: self.n]
        return np.where(sign > 0.0, self.day.buying, np.where(sign < 0.0, -self.day.selling, 0.0))

    def lead(self, at: Indices, low: Mask) -> None:
        """What is at `at` goes to the level beyond the side that it has met, the lower where `low`. Not in the table."""
        self.levels[at] = self.means.leads[np.where(low, 0, 1), self.levels[at] * self.means.size + at]

    def recount(self, at: Indices) -> None:
        """Weights at `at`, held, count in the rows as their places say; what is said of them stays true."""
        day, table, n = self.day, self.table, self.n
        sign = self.means.numbers[SIGN, self.levels[at] * self.means.size + at]
        for j in self.counting:
            by = day.G[j, at] + day.G_buys[j, at] * (sign > 0.0) - day.G_sells[j, at] * (sign < 0.0) - table.C[j, at]
            if not by.any():
                continue
            k = n + j
            table.count(at, int(j), by)
            binds = table.exchanged[k]
            (self.given if binds else self.follows)[k] += float(by @ self.given[at])
            self.follows[at] += by * (self.follows if binds else self.given)[k]


def levels_of(now: Standing) -> Levels:
    """(n + r,)"""
    return np.concatenate([now.places, now.sides]).astype(np.intp) + FIRST


def standing_at(levels: Levels, n: int, on_ball: bool) -> Standing:
    """The levels (n + r,) of n weights and their rows, as others say it."""
    said = (levels - FIRST).astype(np.int8)
    return Standing(said[:n], said[n:], on_ball)


def rows_as_counted(day: Day, sign: Vector) -> Matrix:
    """(r, n) the rows as trades of these signs (n,) count in them."""
    if not day.counting:
        return day.G.copy()
    return np.asarray(day.G + day.G_buys * (sign > 0.0) - day.G_sells * (sign < 0.0))
