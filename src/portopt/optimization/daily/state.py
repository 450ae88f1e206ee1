"""Where everything stands on a walk: what is given, what follows, and the sides it must keep."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix, Vector
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
        self.counting = day.counting
        at = means.at(self.levels)
        C, exchanged = rows_as_counted(day, means.numbers[SIGN].take(at[:n])), means.free.take(at)
        many = np.count_nonzero(exchanged) > TABLED
        self.table = Table(day.curvature, C, exchanged) if many else Factored(day, C, exchanged)
        self._per_trade = np.zeros((len(day.counting), 2, n + r))
        for per_trade, j in zip(self._per_trade, day.counting, strict=True):
            per_trade[:, :n] = day.per_trade[j]
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
        at, tau = int(self.levels[k]) * self.means.size + k, self.tau
        goal, low, high, goal_more, low_more, high_more, _, low_width, high_width = self.means.numbers[:, at].tolist()
        self.goal[k] = goal + tau * goal_more
        self.sides[0, k], self.sides[1, k] = low + tau * low_more, high + tau * high_more
        for width, per_trade in zip(self.widths, self._per_trade, strict=True):
            width[0, k], width[1, k] = per_trade[0, k] * low_width, per_trade[1, k] * high_width

    def prices(self, given: Vector, follows: Vector) -> Vector:
        """(r,) the multipliers of the rows, or their rates."""
        n = self.n
        return np.where(self.table.exchanged[n:], follows[n:], given[n:])

    def against(self, given: Vector, follows: Vector) -> Matrix:
        """(2, n + r) what is held against the sides, or how it moves."""
        out = SIGNS * follows
        for width, j in zip(self.widths, self.counting, strict=True):
            k = self.n + j
            price = (follows if self.table.exchanged[k] else given)[k]
            if price:
                out += width * price
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

    def lead(self, k: int, low: bool) -> None:
        """k goes to the level beyond the side that it has met, the lower where `low`. Not in the table."""
        self.levels[k] = self.means.leads[0 if low else 1, self.levels[k] * self.means.size + k]

    def recount(self, k: int) -> list[tuple[int, float]]:
        """The weight k, held, counts in the rows as its place says; what is said of them stays true.

        What rows that do not bind came to by it: [(k of the row, by how much more)].
        """
        day, table, n, jumps = self.day, self.table, self.n, []
        sign, at = self.means.numbers[SIGN, self.levels[k] * self.means.size + k], np.array([k])
        for j in day.counting:
            counts = day.G[j, k] + (day.G_buys[j, k] if sign > 0.0 else -day.G_sells[j, k] if sign < 0.0 else 0.0)
            by = float(counts - table.C[j, k])
            if not by:
                continue
            table.count(at, j, np.array([by]))
            row, jump = n + j, by * float(self.given[k])
            binds = table.exchanged[row]
            (self.given if binds else self.follows)[row] += jump
            self.follows[k] += by * (self.follows if binds else self.given)[row]
            if not binds and jump:
                jumps.append((row, jump))
        return jumps


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
