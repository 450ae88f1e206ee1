"""The optimality conditions solved where every weight and row stands somewhere: one system of the weights that are free.

With c the price of the trade that a free weight makes, A the rows at a side and tau = 1 / (gamma + pull multiple),

    M w + tau (q + c) + A'y tau + (1 - gamma tau) / multiple  B'b = 0          A w = sides

so w is linear in tau: two right-hand sides, and tau is 1, the root of ||B w + b|| = radius, or what makes the ratio's own
risk aversion gamma = excess return / variance.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.optimization.beside.kinked import Kinked
from portopt.optimization.beside.standing import HIGHEST, LOWEST, Point, Standing

LEAST = 1e-9  # of tau: a ball that is met by its centre alone
DECIDES = 1e-13  # the least reciprocal condition: below it several points may be as good
MOST_FREE = 1_500  # unknowns LAPACK is given
APART = 1e-9  # of the system's size: how far dependent rows are held from one another
REFINED = (1, 3)  # times: a system as it is, and one held apart


class _Line(NamedTuple):
    """w = base + tau slope, and the multipliers of the rows at a side over gamma + pull multiple likewise."""

    base: Vector
    slope: Vector
    y_base: Vector
    y_slope: Vector


def settled(k: Kinked, now: Standing) -> Point | None:
    """The point; None where the system has no solution, or there are too many free."""
    held = np.where(now.places == LOWEST, k.lower, np.where(now.places == HIGHEST, k.upper, k.book))
    is_free = now.free
    free, active = np.flatnonzero(is_free), np.flatnonzero(now.sides)
    way = np.where(is_free, now.places, np.sign(held - k.book))
    bought, sold = way > 0, way < 0
    G = k.G[active]
    if k.layout.has_trades:
        G = G + k.G_buys[active] * bought - k.G_sells[active] * sold
    tells = G[:, free].any(axis=1)
    G, active = G[tells], active[tells]
    if len(free) == 0 or len(free) + len(active) > MOST_FREE:
        return None
    price = np.where(bought, k.buying, 0.0) - np.where(sold, k.selling, 0.0)
    line = _line(k, now, held, free, G, price, active)
    tau = None if line is None else _tau(k, now, line, price)
    if line is None or tau is None:
        return None
    return _point(k, now, held, free, active, line, tau)


def _line(k: Kinked, now: Standing, held: Vector, free: Indices, rows: Matrix, price: Vector, active: Indices) -> _Line | None:
    from scipy.linalg import lapack

    f, on_free = len(free), rows[:, free]
    fixed = held.copy()
    fixed[free] = 0.0
    K = np.zeros((f + len(active), f + len(active)), order="F")
    K[:f, :f], K[:f, f:], K[f:, :f] = k.risk.block(free), on_free.T, on_free
    sides = np.where(now.sides[active] < 0, k.row_lower[active], k.row_upper[active])
    right = np.zeros((len(K), 2), order="F")
    right[:f, 0], right[:f, 1] = -k.risk.part(free, fixed), -(k.q + price)[free]
    if k.ball is not None:
        centre = k.ball.pulled[free] / k.ball.multiple
        right[:f, 0] -= centre
        right[:f, 1] += centre
    right[f:, 0] = sides + (rows - k.G[active]) @ k.book - rows @ fixed
    times, (lu, pivots, found, wrong) = REFINED[0], lapack.dgesv(K, right)
    if wrong:  # rows that say the same of what is free: held a little apart, and refined
        held_apart = K.copy(order="F")
        held_apart.flat[f * (len(K) + 1) :: len(K) + 1] -= APART * max(1.0, float(np.abs(np.diagonal(K)).max()))
        times, (lu, pivots, found, wrong) = REFINED[1], lapack.dgesv(held_apart, right)
    if wrong or not np.isfinite(found).all() or lapack.dgecon(lu, float(np.abs(K).sum(axis=0).max()))[0] < DECIDES:
        return None
    for _ in range(times):
        found += lapack.dgetrs(lu, pivots, right - K @ found)[0]
    base, slope = fixed, np.zeros(k.n)
    base[free], slope[free] = found[:f, 0], found[:f, 1]
    return _Line(base, slope, found[f:, 0], found[f:, 1])


def _tau(k: Kinked, now: Standing, line: _Line, price: Vector) -> float | None:
    if k.form.ratio:
        return _tau_of_ratio(k, line, price)
    if k.ball is None or not now.on_ball:
        return 1.0
    e, d = k.through(k.ball, line.base) + k.ball.b, k.through(k.ball, line.slope)
    a, b, c = float(d @ d), float(d @ e), float(e @ e) - k.ball.radius**2
    inside = b * b - a * c
    if a == 0.0 or inside < 0.0:  # no point of this line is in the ball: the nearest one, until something else gives way
        return LEAST
    root = -(b + math.copysign(math.sqrt(inside), b))
    first, second = (root / a, c / root) if root != 0.0 else (0.0, 0.0)
    return max(first, second, LEAST)


def _tau_of_ratio(k: Kinked, line: _Line, price: Vector) -> float | None:
    """w'Mw = tau (excess return), where slope'(M slope + q + price) = 0."""
    M_base = k.risk.times(line.base)
    variance, with_slope = float(line.base @ M_base), float(line.slope @ M_base)
    charged = float(k.q @ line.base + price @ (line.base - k.book)) + k.form.constant
    below = -(2.0 * with_slope + charged)
    return variance / below if below > 0.0 and variance > 0.0 else None


def _point(k: Kinked, now: Standing, held: Vector, free: Indices, active: Indices, line: _Line, tau: float) -> Point | None:
    w, y = held.copy(), np.zeros(len(k.rows))
    w[free] = (line.base + tau * line.slope)[free]
    y[active] = (line.y_base + tau * line.y_slope) / tau
    gamma = 1.0 / tau if k.form.ratio else 1.0
    pull = 0.0 if k.ball is None else (1.0 / tau - gamma) / k.ball.multiple
    curved = k.risk.times(w)
    gradient = gamma * curved + k.q
    size = float(np.abs(gradient).max(initial=0.0))
    if k.ball is not None:
        pulled = pull * (k.ball.multiple * curved + k.ball.pulled)
        gradient, size = gradient + pulled, max(size, float(np.abs(pulled).max(initial=0.0)))
    return Point(w, y, pull, gamma, gradient, max(size, 1e-300))
