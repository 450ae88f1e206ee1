"""Where everything stands while the answer of a day is looked for: what is given, what follows, and the sides it must keep."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.optimization.beside.standing import Places, Standing
from portopt.optimization.daily.day import NONE, Day
from portopt.optimization.daily.places import FIRST, Meanings
from portopt.optimization.daily.tableau import Table

UPPER, LOWER, EQUAL = 1, -1, 2  # where a row stands
SIGNS = np.array([[1.0], [-1.0]])


class State:
    """places: (n,), rows: (r,) as in Standing. given, follows: (n + r,) as the table has them.

    goal: (n + r,) what is given at tau where everything stands. sides: (2, n + r) what follows must at least be there, and
    minus what it may at most be. widths: (c, 2, n + r) how sides move with the prices of the c rows that count trades.
    """

    def __init__(self, day: Day, now: Standing, tau: float) -> None:
        """Raises Dependent."""
        n, r = day.n, day.r
        self.day, self.n, self.means = day, n, Meanings(day)
        self.places: Places = now.places.copy()
        self.rows: Places = now.sides.copy()
        self.counting = np.array(day.counting, dtype=np.intp)
        sign = self.means.of(self.means.sign, self.places)
        C = day.G + day.G_buys * (sign > 0.0) - day.G_sells * (sign < 0.0)
        self.table = Table(day.M, C, np.concatenate([now.free, self.rows != 0]))
        self._per_trade = np.array([[day.G_buys[j], day.G_sells[j]] for j in day.counting]).reshape(len(self.counting), 2, n)
        self.goal, self.sides, self.widths = np.zeros(n + r), np.empty((2, n + r)), np.zeros((len(self.counting), 2, n + r))
        self._equal = day.row_least == day.row_most
        self.aim(tau)
        self.given = self.goal.copy()
        self.follows = self.table.follows(self.given)

    @property
    def free(self) -> Mask:
        return self.table.exchanged[: self.n]

    def aim(self, tau: float) -> None:
        """Goal and sides of where everything stands, at one tau."""
        n, means, rows, day = self.n, self.means, self.rows, self.day
        self.tau = tau
        self.goal[:n] = means.of(means.goal.at(tau), self.places)
        self.sides[:, :n] = means.of(means.least.at(tau), self.places)
        self.widths[:, :, :n] = self._per_trade * means.of(means.counted, self.places)
        idle = rows == 0
        self.goal[n:] = np.where(idle, 0.0, np.where(rows == LOWER, day.row_least, day.row_most))
        self.sides[0, n:] = np.where(idle, day.row_least, np.where(rows == UPPER, 0.0, -NONE))
        self.sides[1, n:] = np.where(idle, -day.row_most, np.where(rows == LOWER, 0.0, -NONE))

    def slopes(self) -> Vector:
        """(n + r,) how the goal grows with tau."""
        out = np.zeros(len(self.goal))
        out[: self.n] = self.means.of(self.means.goal.slope, self.places)
        return out

    def steepness(self, k: int) -> Vector:
        """(2,) how the sides at k grow with tau."""
        return self.means.least.slope[:, self.places[k] + FIRST, k] if k < self.n else np.zeros(2)

    def aim_at(self, k: int) -> None:
        """The same at k alone."""
        n, means, day = self.n, self.means, self.day
        if k < n:
            place = self.places[k] + FIRST
            self.goal[k] = means.goal.base[place, k] + self.tau * means.goal.slope[place, k]
            self.sides[:, k] = means.least.base[:, place, k] + self.tau * means.least.slope[:, place, k]
            if len(self.counting):
                self.widths[:, :, k] = self._per_trade[:, :, k] * means.counted[:, place, k]
            return
        j = k - n
        side = self.rows[j]
        self.goal[k] = 0.0 if side == 0 else day.row_least[j] if side == LOWER else day.row_most[j]
        if side == 0:
            self.sides[:, k] = day.row_least[j], -day.row_most[j]
        else:
            self.sides[:, k] = (0.0 if side == UPPER else -NONE), (0.0 if side == LOWER else -NONE)

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

    def trades(self, given: Vector, follows: Vector) -> tuple[Vector, Vector]:
        """(n,), (n,): the trades x and M x, or their rates."""
        n, free = self.n, self.free
        x, g = np.where(free, follows[:n], given[:n]), np.where(free, given[:n], follows[:n])
        return x, g - self.prices(given, follows) @ self.table.C

    def price_of_trades(self) -> Vector:
        """(n,) what a trade more costs where one is made, a sale more being less."""
        sign = self.means.of(self.means.sign, self.places)
        return np.where(sign > 0.0, self.day.buying, np.where(sign < 0.0, -self.day.selling, 0.0))

    def lead(self, at: Indices, low: Mask) -> None:
        """Weights at `at` go to the place beyond the side that they have met, the lower where `low`. Not in the table."""
        self.places[at] = self.means.leads[np.where(low, 0, 1), self.places[at] + FIRST, at]

    def stand(self, at: Indices, low: Mask) -> None:
        """Rows at `at`, exchanged in the table already, stand at a side if they bind."""
        binds = self.table.exchanged[self.n + at]
        self.rows[at] = np.where(binds, np.where(self._equal[at], EQUAL, np.where(low, LOWER, UPPER)), 0)

    def recount(self, at: Indices) -> None:
        """Weights at `at`, held, count in the rows as their places say; what is said of them stays true."""
        if not len(at):
            return
        day, table, n = self.day, self.table, self.n
        sign = self.means.sign[self.places[at] + FIRST, at]
        for j in self.counting:
            by = day.G[j, at] + day.G_buys[j, at] * (sign > 0.0) - day.G_sells[j, at] * (sign < 0.0) - table.C[j, at]
            if not by.any():
                continue
            k = n + j
            table.count(at, int(j), by)
            binds = table.exchanged[k]
            (self.given if binds else self.follows)[k] += float(by @ self.given[at])
            self.follows[at] += by * (self.follows if binds else self.given)[k]

    def standing(self, on_ball: bool) -> Standing:
        return Standing(self.places, self.rows, on_ball)
