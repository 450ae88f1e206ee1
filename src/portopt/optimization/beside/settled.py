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


class System(NamedTuple):
    """What stands where: `held` (n,) has the weights that are not free; price (n,) what the free ones pay for a trade.

    free: (f,) and active: (a,) positions. rows: (a, n) the rows at a side, as those weights count in them that trade.
    """

    held: Vector
    free: Indices
    active: Indices
    rows: Matrix
    price: Vector

    @property
    def fixed(self) -> Vector:
        """(n,) `held`, nothing where a weight is free."""
        fixed = self.held.copy()
        fixed[self.free] = 0.0
        return fixed


class Line(NamedTuple):
    """w = base + tau slope, and the multipliers of the rows at a side over gamma + pull multiple likewise."""

    base: Vector
    slope: Vector
    y_base: Vector
    y_slope: Vector


def settled(k: Kinked, now: Standing) -> Point | None:
    """The point; None where the system has no solution, or there are too many free."""
    system = system_of(k, now)
    line = None if system is None else _line(k, now, system)
    tau = None if system is None or line is None else _tau(k, now, line, system.price)
    if system is None or line is None or tau is None:
        return None
    w = with_free(system, line, tau)
    distance = 0.0 if k.ball is None else float(np.linalg.norm(k.through(k.ball, w) + k.ball.b))
    return point_of(k, system, line, tau, w, k.risk.times(w), distance)


def system_of(k: Kinked, now: Standing) -> System | None:
    """None where nothing is free, or more than a dense system is for."""
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
    return System(held, free, active, G, np.where(bought, k.buying, 0.0) - np.where(sold, k.selling, 0.0))


def equations(k: Kinked, now: Standing, s: System, block: Matrix, part: Vector, fixed: Vector) -> tuple[Matrix, Matrix]:
    """(K, right): K (f + a, f + a) times what is free and the multipliers is right (f + a, 2), without tau and with it.

    block: (f, f) of M. part: (f,) what M makes of the weights that are held, `fixed` (n,).
    """
    f, on_free = len(s.free), s.rows[:, s.free]
    K = np.zeros((f + len(s.active), f + len(s.active)), order="F")
    K[:f, :f], K[:f, f:], K[f:, :f] = block, on_free.T, on_free
    right = np.zeros((len(K), 2), order="F")
    right[:f, 0], right[:f, 1] = -part, -(k.q + s.price)[s.free]
    if k.ball is not None:
        centre = k.ball.pulled[s.free] / k.ball.multiple
        right[:f, 0] -= centre
        right[:f, 1] += centre
    sides = np.where(now.sides[s.active] < 0, k.row_lower[s.active], k.row_upper[s.active])
    right[f:, 0] = sides + (s.rows - k.G[s.active]) @ k.book - s.rows @ fixed
    return K, right


def _line(k: Kinked, now: Standing, s: System) -> Line | None:
    from scipy.linalg import lapack

    f, fixed = len(s.free), s.fixed
    K, right = equations(k, now, s, k.risk.block(s.free), k.risk.part(s.free, fixed), fixed)
    times, (lu, pivots, found, wrong) = REFINED[0], lapack.dgesv(K, right)
    if wrong:  # rows that say the same of what is free: held a little apart, and refined
        held_apart = K.copy(order="F")
        held_apart.flat[f * (len(K) + 1) :: len(K) + 1] -= APART * max(1.0, float(np.abs(np.diagonal(K)).max()))
        times, (lu, pivots, found, wrong) = REFINED[1], lapack.dgesv(held_apart, right)
    if wrong or not np.isfinite(found).all() or lapack.dgecon(lu, float(np.abs(K).sum(axis=0).max()))[0] < DECIDES:
        return None
    for _ in range(times):
        found += lapack.dgetrs(lu, pivots, right - K @ found)[0]
    return line_of(k, s, fixed, found)


def line_of(k: Kinked, s: System, fixed: Vector, found: Matrix) -> Line:
    """found: (f + a, 2) what solves the equations."""
    f, base, slope = len(s.free), fixed, np.zeros(k.n)
    base[s.free], slope[s.free] = found[:f, 0], found[:f, 1]
    return Line(base, slope, found[f:, 0], found[f:, 1])


def _tau(k: Kinked, now: Standing, line: Line, price: Vector) -> float | None:
    if k.form.ratio:
        M_base = k.risk.times(line.base)
        return tau_of_ratio(k, line, price, float(line.base @ M_base), float(line.slope @ M_base))
    if k.ball is None or not now.on_ball:
        return 1.0
    e, d = k.through(k.ball, line.base) + k.ball.b, k.through(k.ball, line.slope)
    return tau_on_ball(float(d @ d), float(d @ e), float(e @ e) - k.ball.radius**2)


def tau_on_ball(a: float, b: float, c: float) -> float:
    """The larger root of  a tau^2 + 2 b tau + c = 0."""
    inside = b * b - a * c
    if a == 0.0 or inside < 0.0:  # no point of this line is in the ball: the nearest one, until something else gives way
        return LEAST
    root = -(b + math.copysign(math.sqrt(inside), b))
    first, second = (root / a, c / root) if root != 0.0 else (0.0, 0.0)
    return max(first, second, LEAST)


def tau_of_ratio(k: Kinked, line: Line, price: Vector, variance: float, with_slope: float) -> float | None:
    """w'Mw = tau (excess return), where slope'(M slope + q + price) = 0.

    variance: of the base. with_slope: slope'M base.
    """
    charged = float(k.q @ line.base + price @ (line.base - k.book)) + k.form.constant
    below = -(2.0 * with_slope + charged)
    return variance / below if below > 0.0 and variance > 0.0 else None


def with_free(s: System, line: Line, tau: float) -> Vector:
    """(n,) the weights at one tau."""
    w = s.held.copy()
    w[s.free] = (line.base + tau * line.slope)[s.free]
    return w


def point_of(k: Kinked, s: System, line: Line, tau: float, w: Vector, curved: Vector, distance: float) -> Point:
    """The point with its multipliers. w, curved: (n,) the weights and M w."""
    y = np.zeros(len(k.rows))
    y[s.active] = (line.y_base + tau * line.y_slope) / tau
    gamma = 1.0 / tau if k.form.ratio else 1.0
    pull = 0.0 if k.ball is None else (1.0 / tau - gamma) / k.ball.multiple
    gradient = gamma * curved + k.q
    size = float(np.abs(gradient).max(initial=0.0))
    if k.ball is not None:
        pulled = pull * (k.ball.multiple * curved + k.ball.pulled)
        gradient, size = gradient + pulled, max(size, float(np.abs(pulled).max(initial=0.0)))
    return Point(w, y, pull, gamma, gradient, max(size, 1e-300), distance)
