"""How the weights go as one value goes: straight by their derivative, or along a curve through answers solved on the way.

While what binds is the same, weights are a smooth function of the value: linear where no cone binds and no ratio is sought,
else a curve that few vectors span. It is followed through answers at Chebyshev's points and held against two more between
them; the range is as much as keeps it within WITHIN of all of them.  Source: Fiacco (1983), chapter 2, for the smoothness.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import PortoptError
from portopt.domain.polynomials import nodes, powers, through_zero
from portopt.domain.previews import Curve, Direction
from portopt.domain.problem import Problem
from portopt.optimization.assemble import assemble
from portopt.optimization.prices.derivatives import Linearization, Way
from portopt.optimization.prices.solved_beside import solve_again

WITHIN = 5e-7  # weights: half of what a preview is told to hold to
ALIKE = 2e-8  # weights: a direction that adds less is left out
STEP = 0.01  # of the value, to ask which way it goes
DEGREE = 4
ROUNDS = 6  # of a range that is drawn in
FARTHEST = 2.0  # a range ends at this multiple of the value, and at its half below for a risk aversion
BENDS = "beyond it nothing is told without solving"
FARTHER = "no farther is looked"
STILL = 1e-10


@dataclass(frozen=True)
class Moving:
    """near: the neighbourhood of the answer. at: the problem with another value. value: what stands."""

    near: Linearization
    at: Callable[[float], Problem]
    value: float
    is_aversion: bool = False

    def solved(self, value: float) -> Vector | None:
        """(n,) the weights at that value, from the answer that stands; None where there are none."""
        try:
            raw = solve_again(assemble(self.at(value)), self.near.answer)
        except PortoptError:
            return None
        return None if raw.x is None else raw.x[: self.near.n]

    def way(self) -> tuple[float, Way]:
        """(the step, the way there). Raises PortoptError where the value can be moved neither up nor down."""
        step = STEP * max(abs(self.value), STEP)
        try:
            return step, self.near.way_to(self.at(self.value + step))
        except PortoptError:
            return -step, self.near.way_to(self.at(self.value - step))


def curve(moving: Moving) -> Curve | None:
    """How the weights go, and how far; None where they stay as they are. Raises PortoptError."""
    step, way = moving.way()
    if float(np.abs(way.weights).max(initial=0.0)) <= STILL:
        return None
    straight = _straight(moving, step, way)
    return straight if way.is_exact else _bent(moving, straight)


def _straight(moving: Moving, step: float, way: Way) -> Curve:
    """By the derivative alone, as far as the same limits bind."""
    value = moving.value
    there = value + step
    at = np.flatnonzero(np.abs(way.weights) > STILL)
    directions = (Direction(at, way.weights[at], (1.0,)),)
    if moving.is_aversion:
        scale = 1.0 / there - 1.0 / value
        ends = [_inverse(1.0 / value + reach * scale) for reach in (way.reach, -way.back)]
    else:
        scale = step
        ends = [value + reach * scale for reach in (way.reach, -way.back)]
    (low, until_low), (high, until_high) = sorted(zip(ends, (way.until, way.until_back), strict=True))
    least, most = _bounds(moving)
    if low < least:
        low, until_low = least, FARTHER
    if high > most:
        high, until_high = most, FARTHER
    return Curve(value, low, high, until_low, until_high, scale, directions, inverse=moving.is_aversion)


def _inverse(tau: float) -> float:
    return 1.0 / tau if tau > 0.0 else np.inf


def _bounds(moving: Moving) -> tuple[float, float]:
    value = moving.value
    if moving.is_aversion:
        return value / FARTHEST, value * FARTHEST
    reach = (FARTHEST - 1.0) * max(abs(value), STEP)
    return (max(0.0, value - reach) if value >= 0.0 else value - reach), value + reach


def _bent(moving: Moving, straight: Curve) -> Curve | None:
    """Through answers on the way; None where even a near one is not followed."""
    value, stands = moving.value, moving.near.x[: moving.near.n]
    below, above = value - straight.low, straight.high - value
    until = {"low": straight.until_low, "high": straight.until_high}
    for _ in range(ROUNDS):
        if max(below, above) <= STILL * max(abs(value), 1.0):
            return None
        found = _followed(moving, stands, value - below, value + above)
        if max(found.below, found.above) <= WITHIN:
            ends = (value - below, value + above)
            return Curve(value, *ends, until["low"], until["high"], found.scale, found.directions)
        for side, error in (("low", found.below), ("high", found.above)):
            if error > WITHIN:
                until[side] = BENDS
        below *= _drawn_in(found.below)
        above *= _drawn_in(found.above)
    return None


def _drawn_in(error: float) -> float:
    """By how much a side is drawn in: its error goes with the power DEGREE + 1 of the range, while what binds is the same."""
    if error <= WITHIN:
        return 1.0
    return float(np.clip(0.9 * (WITHIN / error) ** (1.0 / (DEGREE + 1)), 0.1, 0.8))


@dataclass(frozen=True)
class _Followed:
    """below, above: the largest error of a weight on either side; inf where there is no answer."""

    directions: tuple[Direction, ...]
    scale: float
    below: float
    above: float


def _followed(moving: Moving, stands: Vector, low: float, high: float) -> _Followed:
    value, scale = moving.value, max(high - moving.value, moving.value - low)
    wanted = nodes(low, high, DEGREE + 1)
    between = np.array([value - 0.85 * (value - low), value + 0.85 * (high - value)])
    values = np.concatenate([wanted, between])
    values = values[np.abs(values - value) > STILL * scale]
    solved = [moving.solved(float(v)) for v in values]
    failed = np.array([w is None for w in solved])
    if failed.any():
        lost = values[failed]
        return _Followed((), scale, np.inf if (lost < value).any() else 0.0, np.inf if (lost > value).any() else 0.0)
    changes, t = np.array([w - stands for w in solved if w is not None]), (values - value) / scale
    is_node = np.isin(values, wanted)
    directions = _spanned(t[is_node], changes[is_node])
    errors = np.abs(_sum(directions, t, len(stands)) - changes).max(axis=1)
    return _Followed(directions, scale, *(float(errors[side].max(initial=0.0)) for side in (t < 0.0, t > 0.0)))


def _spanned(t: Vector, changes: Matrix) -> tuple[Direction, ...]:
    """The few vectors that span the changes (k, n), each with how much of it there is at t (k,)."""
    U, s, V = np.linalg.svd(changes, full_matrices=False)
    found = []
    for j in np.flatnonzero(s > ALIKE):
        coefficients = np.linalg.lstsq(powers(t, min(DEGREE, len(t))), U[:, j] * s[j], rcond=None)[0]
        at = np.flatnonzero(np.abs(V[j]) * s[j] > STILL)
        found.append(Direction(at, V[j][at], tuple(coefficients.tolist())))
    return tuple(found)


def _sum(directions: tuple[Direction, ...], t: Vector, n: int) -> Matrix:
    """(k, n) what the directions add at every t (k,)."""
    out = np.zeros((len(t), n))
    for one in directions:
        out[:, one.at] += np.outer(powers(t, len(one.coefficients)) @ np.array(one.coefficients), one.by)
    return out


def figure_along(t: Vector, change: Vector) -> tuple[float, ...] | None:
    """Coefficients of a figure's change (k,) at t (k,); None where it is no polynomial of few terms there."""
    return through_zero(t, change, 1e-9 * (1.0 + float(np.abs(change).max(initial=0.0))), 6)
