"""A walk from where everything stands to where it should: what is given moves evenly, and whatever meets a side changes place.

Where a guess leaves something beyond its side, the side itself is put there and moved back on the way: so a walk begins at
the answer of a neighbouring program, and every corner it turns is one exchange in the table. A second walk, along tau, ends
at the surface of the ball or at a ratio's own risk aversion.
Source: Ferreau, Bock and Diehl (2008), An online active set strategy to overcome the limitations of explicit MPC; for
portfolios Stein, Branke and Schmeck (2008), Efficient implementation of an active set algorithm for large-scale portfolio
selection.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.optimization.daily.bend import SMALLEST_BALL, Square, roots, square
from portopt.optimization.daily.state import State

INF = float("inf")
STILL = 1e-13  # a rate this small over the way that is left meets nothing
MET = 1e-9  # of the way: an end this far behind has been come to
NOWHERE = 2.0  # a share of the way beyond its end
LONGEST, STRETCHES = 16.0, 40  # how much tau may grow on one stretch, and how many there may be


class Lost(Exception):
    """The walk does not come to its end: no portfolio there, or too many corners."""


class Walk:
    """Of a state: `sides` (2, n + r) as they are now, tau likewise; those of the state are where they go. turns: corners."""

    def __init__(self, state: State, most: int) -> None:
        self.state, self.turns, self.most, self.tau = state, 0, most, state.tau
        self.sides = np.minimum(state.sides, state.against(state.given, state.follows))

    def home(self) -> None:
        """To the goal. Raises Lost."""
        self._go(False)

    def along_tau(self) -> bool:
        """To the tau of the answer; whether another one than tau = 1. Raises Lost where the ball is out of reach."""
        state, day = self.state, self.state.day
        for _ in range(STRETCHES):
            nothing = np.zeros(len(state.given))
            outside = square(day, state.line(nothing, nothing), 0.0)[2] > 0.0
            target = SMALLEST_BALL if outside else 1.0
            if day.ratio:
                target = state.tau * (LONGEST if outside else SMALLEST_BALL)
            if target == state.tau:
                return False
            self.tau = state.tau
            state.aim(target)
            if self._go(True):
                return True
            if not day.ratio and not outside:
                return False
            if not day.ratio or not outside:
                break
        raise Lost

    def _go(self, bent: bool) -> bool:
        """To the goal, or, bent, to where tau ends before it: whether it did."""
        state = self.state
        while True:
            rates = state.goal - state.given
            following = state.table.follows(rates)
            k, low, share = self._first(state.sides - self.sides, state.against(rates, following))
            halt = self._halt(rates, following) if bent else NOWHERE
            self._move(min(share, halt, 1.0), rates, following)
            if halt <= min(share, 1.0):
                state.aim(self.tau)
                self.sides = state.sides.copy()
                return True
            if share >= 1.0:
                return False
            self._turn(k, low)

    def _halt(self, rates: Vector, following: Vector) -> float:
        found = roots(*square_at(self, rates, following))
        return min((max(t, 0.0) for t in found if t >= -MET), default=NOWHERE)

    def _first(self, closing: Matrix, moving: Matrix) -> tuple[int, bool, float]:
        """(what meets a side first, whether its lower one, after which share of the way)."""
        speed = closing - moving
        room = self.state.against(self.state.given, self.state.follows)
        room -= self.sides
        np.maximum(room, 0.0, out=room)
        share: Matrix = np.full(room.shape, INF)
        n = len(self.state.goal)
        np.divide(room, speed, out=share, where=speed > STILL)
        at = int(share.argmin())
        return at % n, at < n, float(share.flat[at])

    def _move(self, share: float, rates: Vector, following: Vector) -> None:
        state = self.state
        state.follows = state.follows + share * following
        if share >= 1.0:
            state.given, self.sides, self.tau = state.goal.copy(), state.sides.copy(), state.tau
            return
        state.given = state.given + share * rates
        self.sides += share * (state.sides - self.sides)
        self.tau += share * (state.tau - self.tau)

    def _turn(self, k: int, low: bool) -> None:
        """k has met a side: it changes place, with another where alone it cannot."""
        self.turns += 1
        if self.turns > self.most:
            raise Lost
        first = self._left(k, low)
        if self.state.table.pivot(k):
            self._arrived(k, low, first)
            return
        other, other_low = self._pushed(k, low)
        second = self._left(other, other_low)
        self.state.table.exchange(np.array([k, other]))
        self._arrived(k, low, first)
        self._arrived(other, other_low, second)

    def _left(self, k: int, low: bool) -> bool:
        """Of a weight that was held: that it counts in rows as what it will be. Whether it was one."""
        state = self.state
        if k >= state.n or state.table.exchanged[k]:
            return False
        self._led(k, low)
        return True

    def _led(self, k: int, low: bool) -> None:
        state = self.state
        state.lead(k, low)
        for row, jump in state.recount(k):
            self.sides[0, row] += jump
            self.sides[1, row] -= jump

    def _arrived(self, k: int, low: bool, led: bool) -> None:
        """k is exchanged: what was given follows, and what follows is given."""
        state = self.state
        state.given[k], state.follows[k] = state.follows[k], state.given[k]
        if k >= state.n:
            state.lead(k, low)
        elif not led:
            self._led(k, low)
        state.aim_at(k)
        low_now, high_now = float(state.follows[k]), -float(state.follows[k])
        for width, j in zip(state.widths, state.counting, strict=True):
            price = float((state.follows if state.table.exchanged[state.n + j] else state.given)[state.n + j])
            low_now, high_now = low_now + float(width[0, k]) * price, high_now + float(width[1, k]) * price
        (low_goal, high_goal), back = state.sides[:, k].tolist(), self.tau - state.tau
        if back:
            low_more, high_more = state.steepness(k).tolist()
            low_goal, high_goal = low_goal + back * low_more, high_goal + back * high_more
        self.sides[0, k], self.sides[1, k] = min(low_goal, low_now), min(high_goal, high_now)

    def _pushed(self, k: int, low: bool) -> tuple[int, bool]:
        """Push what is given at k until something else meets a side: (what, whether its lower one). Raises Lost."""
        state = self.state
        rates = np.zeros(len(state.given))
        rates[k] = 1.0 if low == (k < state.n) else -1.0
        following = state.table.follows(rates)
        following[k] = 0.0
        other, other_low, share = self._first(np.zeros_like(self.sides), state.against(rates, following))
        if share == INF:
            raise Lost
        state.given = state.given + share * rates
        state.follows = state.follows + share * following
        return other, other_low


def square_at(walk: Walk, rates: Vector, following: Vector) -> Square:
    """(a, b, c) of the square on the way that is left, from the tau that the walk has come to."""
    line = replace(walk.state.line(rates, following), tau=walk.tau)
    return square(walk.state.day, line, walk.state.tau - walk.tau)
