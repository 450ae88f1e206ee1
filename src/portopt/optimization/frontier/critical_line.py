"""All turning points of   minimize 1/2 x'Px + (q - lambda m)'x   within linear limits, for every lambda >= 0.

Between two turning points the same sides bind, the optimality conditions are one linear system and x is linear in lambda.
A walk along it ends where a column meets a bound, a row a side, or a multiplier zero; one exchange and the next piece
begins. A direction without curvature is walked at the same lambda until something blocks it. Ties are resolved by steps of
length zero, in the order of least index where they do not end at once.

The last piece, where nothing moves any more, is the portfolio of highest return, and of those the least risky; the first
is the least risky one, and of those the best paid.

Sources: Markowitz (1956; 1987, chapter 8) for the critical line, Best (1996) and Stein, Branke and Schmeck (2008) for
general linear limits, Niedermayer and Niedermayer (2010) for the updates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Vector
from portopt.optimization.frontier.basis import Basis, Singular
from portopt.optimization.scaling.presolve import Scaled

STILL = 1e-12  # of the largest return: a rate that small is rounding
FLAT = 1e-10  # curvature of a direction, relative to its size and the largest variance
TIED = 1e-12
PATIENCE = 5  # steps of length zero before ties are resolved in order
DRIFTED = 1e-9


class Stalled(Exception):
    """The walk went in a circle or lost its digits."""


class Endless(Exception):
    """The return has no maximum within the limits."""


@dataclass(frozen=True, slots=True)
class Corner:
    """A turning point of the scaled program: the price of return, the columns and the rows' multipliers."""

    price: float
    x: Vector
    y: Vector


class Walk:
    """A point on the path: its set, its values and how they change with lambda.

    Every column and row i has a value (the column, the row's activity) at slot i and a multiplier at slot size + i.
    values, rates, lower, upper: (2 size,). A multiplier's sides say what sign it may have.
    """

    def __init__(
        self, program: Scaled, m: Vector, basis: Basis, price: float, x: Vector, y: Vector, side: Vector, settle_every: int
    ) -> None:
        M, r = basis.M, basis.r
        self.size, self.M, self.r = M + r, M, r
        self.basis, self.m, self.q, self.price = basis, m, program.q, price
        self.settle_every, self.until = settle_every, program.form.until
        self.values = np.concatenate([x, np.zeros(r), np.zeros(M), y])
        self.rates = np.zeros(2 * self.size)
        endless = np.full(self.size, np.inf)
        self.lower = np.concatenate([program.lower, program.row_lower, -endless])
        self.upper = np.concatenate([program.upper, program.row_upper, endless])
        self.equality = np.concatenate([np.zeros(M, dtype=bool), program.row_lower == program.row_upper])
        for i in np.flatnonzero(~basis.free):
            self._held(int(i), upper=bool(x[i] == program.upper[i] and side[i] > 0))
        for i in np.flatnonzero(basis.on):
            self._held(int(M + i), upper=bool(side[M + i] > 0))
        self.still = STILL * max(float(np.abs(m).max(initial=0.0)), 1e-300)
        self.settle()

    def copy(self) -> Walk:
        other = object.__new__(Walk)
        other.__dict__.update(self.__dict__)
        for name in ("values", "rates", "lower", "upper", "moving"):
            setattr(other, name, getattr(self, name).copy())
        other.basis = self.basis.copy()
        return other

    def settle(self) -> None:
        """Values and rates of the set anew, against the true residual. Raises Stalled where that does not settle."""
        for attempt in range(3):
            error = self._corrected()
            if error <= DRIFTED:
                break
            if attempt == 1:
                self.basis.factor()
        else:
            raise Stalled
        free, on = self.basis.free, self.basis.on
        self.moving = np.concatenate([free, ~on, ~free, on]).astype(float)
        self.rates[:] = 0.0
        right = np.concatenate([self.m, np.zeros(self.r)])
        v = self.basis.solve(right)
        top, bottom = self.basis.times(v)
        v += self.basis.solve(np.concatenate([self.m - top, -bottom]))
        self._add(self.rates, v)
        self.rates[self.size : self.size + self.M] += self.m
        self._clean()

    def _corrected(self) -> float:
        """One step of refinement; the largest residual before it, relative to what it is made of."""
        M, s, values = self.M, self.size, self.values
        point = np.concatenate([values[:M], values[s + M :]])
        top, bottom = self.basis.times(point)
        gradient = top + self.q - self.price * self.m
        target = np.where(self.upper[s + M :] == 0.0, self.lower[M:s], self.upper[M:s])
        target = np.where(self.basis.on, target, bottom)
        v = self.basis.solve(np.concatenate([-gradient, target - bottom]))
        values[:M] += v[:M]
        values[s + M :] += v[M:]
        change, moved = self.basis.times(v)
        values[s : s + M] = -(gradient + change)
        values[M:s] = bottom + moved
        self._clean_values(target)
        scale = max(1.0, float(np.abs(self.q).max(initial=0.0)), self.price * float(np.abs(self.m).max(initial=0.0)))
        left = np.abs(gradient[self.basis.free]).max(initial=0.0) / scale
        missed = np.abs(target - bottom).max(initial=0.0)
        return float(max(left, missed)) if np.isfinite(left + missed) else np.inf

    def walk(self, upwards: bool) -> list[Corner]:
        """The turning points from here on: to the highest return, or down to lambda = 0. Raises Stalled and Endless."""
        corners: list[Corner] = []
        zeros, count, sign = 0, 0, 1.0 if upwards else -1.0
        while True:
            self.until.check("following the frontier")
            slot, step = self._next(sign, in_order=zeros > PATIENCE)
            if slot < 0 or (not upwards and step >= self.price):
                if slot < 0 and float(np.abs(self.rates[: self.M]).max(initial=0.0)) > self.still and upwards:
                    raise Endless
                break
            zeros = zeros + 1 if step <= TIED * max(1.0, self.price) else 0
            if zeros > 4 * self.size:
                raise Stalled
            self._advance(sign * step)
            self._stop_at(slot, sign)
            if zeros == 0 or not corners:
                corners.append(self._corner())
            if self._exchanged(slot):
                corners.append(self._corner())
            count += 1
            if count % self.settle_every == 0:
                self.settle()
        if not upwards:
            self._advance(-self.price)
            self.price = 0.0
        self.settle()
        corners.append(self._corner())
        return corners

    def _corner(self) -> Corner:
        return Corner(self.price, self.values[: self.M].copy(), self.values[self.size + self.M :].copy())

    def _next(self, sign: float, *, in_order: bool) -> tuple[int, float]:
        """(slot, step) of the next event; slot -1 where nothing ever happens."""
        rates = self.rates if sign > 0.0 else -self.rates
        at = (np.abs(rates) > self.still).nonzero()[0]
        if len(at) == 0:
            return -1, np.inf
        speeds = rates[at]
        steps = (np.where(speeds > 0.0, self.upper[at], self.lower[at]) - self.values[at]) / speeds
        least = float(steps.min())
        if least == np.inf:
            return -1, np.inf
        least = max(least, 0.0)
        tied = (steps <= least + TIED * max(1.0, self.price)).nonzero()[0]
        chosen = tied[0] if in_order or len(tied) == 1 else tied[int(np.abs(speeds[tied]).argmax())]
        return int(at[chosen]), least

    def _advance(self, step: float) -> None:
        self.price += step
        self.values += step * self.rates

    def _stop_at(self, slot: int, sign: float) -> None:
        self.values[slot] = self.upper[slot] if sign * self.rates[slot] > 0 else self.lower[slot]

    def _exchanged(self, slot: int) -> bool:
        """The exchange that the event at `slot` asks for; True where the columns moved without curvature."""
        i, is_value = slot % self.size, slot < self.size
        is_column = i < self.M
        if is_value:
            upper = bool(self.values[i] == self.upper[i])
            self._join(i) if not is_column else self._drop(i)
            self._held(i, upper=upper)
            self._clean()
            return False
        v, curvature = self._direction(i)
        if abs(curvature) <= FLAT * float(v[: self.M] @ v[: self.M]):
            return self._slide(i, v)
        self._released(i)
        self._join(i, v) if is_column else self._drop(i, v)
        self._clean()
        return False

    def _direction(self, i: int) -> tuple[Vector, float]:
        """What lets the held i move by one, everything else in the set following; and the curvature of that."""
        if i < self.M:
            column = self.basis.column(i)
            v = -self.basis.solve(column)
            curvature = float(column @ v) + float(column[i])
            v[i] = 1.0
            return v, curvature
        v = self.basis.unit(i)
        return v, -float(v[i])

    def _slide(self, i: int, v: Vector) -> bool:
        """Along a direction without curvature until something blocks it, which then is held instead of i."""
        inwards = 1.0 if self.upper[self.size + i] == 0.0 else -1.0  # a multiplier at most zero: held at the lower side
        x = inwards * v[: self.M]
        rates = np.concatenate([x, self.basis.A @ x])
        small = STILL * float(np.abs(rates).max())
        held = np.concatenate([~self.basis.free, self.basis.on])
        held[i] = False
        rates[held | (np.abs(rates) <= small)] = 0.0
        s = self.size
        room = np.where(rates > 0.0, self.upper[:s] - self.values[:s], self.lower[:s] - self.values[:s])
        steps = np.full(s, np.inf)
        np.divide(room, rates, out=steps, where=rates != 0.0)
        step = max(float(steps.min()), 0.0)
        if not np.isfinite(step):
            raise Endless
        tied = np.flatnonzero(steps <= step + TIED)
        blocker = int(tied[int(np.abs(rates[tied]).argmax())])
        self.values[:s] += step * rates
        upper = bool(rates[blocker] > 0)
        self.values[blocker] = self.upper[blocker] if upper else self.lower[blocker]
        if blocker != i:
            self._released(i)
            try:
                self.basis.exchange(i, blocker)
            except Singular:
                raise Stalled from None
        self._held(blocker, upper=upper)
        self.settle()
        return step > 0.0

    def _join(self, i: int, v: Vector | None = None) -> None:
        """i into the set, rates following. v: its direction, where it is known."""
        column = self.basis.column(i)
        if v is None:
            v = -self.basis.solve(column)
            v[i] = 1.0
        pivot = float(column @ v) + (float(column[i]) * (1.0 - float(v[i])) if i < self.M else 0.0)
        missing = self.rates[self.size + i] if i < self.M else -self.rates[i]
        if pivot == 0.0:
            raise Stalled
        self._add(self.rates, v * (missing / pivot))
        v[i] = 0.0
        self.basis.enter(i, -v, pivot)
        self._moves(i, joined=True)

    def _drop(self, i: int, v: Vector | None = None) -> None:
        """i out of the set, rates following. v: what unit(i) gives, where it is known."""
        v = self.basis.unit(i) if v is None else v
        if v[i] == 0.0:
            raise Stalled
        rate = self.rates[i] if i < self.M else self.rates[self.size + i]
        self.basis.leave(i, v)
        self._add(self.rates, v * (-rate / v[i]))
        self._moves(i, joined=False)

    def _moves(self, i: int, *, joined: bool) -> None:
        """A column in the set moves and its multiplier does not; of a row it is the other way round."""
        self.moving[i] = joined if i < self.M else not joined
        self.moving[self.size + i] = 1.0 - self.moving[i]

    def _add(self, rates: Vector, v: Vector) -> None:
        """Rates plus what a change of columns and row multipliers by v brings with it."""
        M, s = self.M, self.size
        top, bottom = self.basis.times(v)
        rates[:M] += v[:M]
        rates[M:s] += bottom
        rates[s : s + M] -= top
        rates[s + M :] += v[M:]

    def _held(self, i: int, *, upper: bool) -> None:
        """Multiplier i gets the sign of its side; an equality's may have any."""
        if not self.equality[i]:
            self.lower[self.size + i] = 0.0 if upper else -np.inf
            self.upper[self.size + i] = np.inf if upper else 0.0

    def _released(self, i: int) -> None:
        self.lower[self.size + i], self.upper[self.size + i] = -np.inf, np.inf
        self.values[self.size + i] = 0.0

    def _clean(self) -> None:
        """What the set holds still does not move."""
        self.rates *= self.moving

    def _clean_values(self, target: Vector) -> None:
        M, s, b = self.M, self.size, self.basis
        self.values[M:s][b.on] = target[b.on]
        self.values[s : s + M][b.free] = 0.0
        self.values[s + M :][~b.on] = 0.0
