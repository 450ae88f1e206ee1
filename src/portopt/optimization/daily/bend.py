"""Where along tau the answer is: at the surface of the ball, or where a ratio's risk aversion is its own.

While nothing changes place the weights go evenly with tau, and both are a root of a square:

    (w - c)'M(w - c) = radius^2          w'Mw = tau (excess return - what trading costs)
"""

from __future__ import annotations

import math

from portopt.domain.arrays import Vector
from portopt.optimization.daily.state import State

SMALLEST_BALL = 1e-9  # of tau: a ball that is met by its centre alone


def square(state: State, rates: Vector, following: Vector, dtau: float) -> tuple[float, float, float]:
    """(a, b, c) of  a t^2 + 2 b t + c,  zero there, t steps of these rates (n + r,) from here."""
    day = state.day
    x, Mx = state.trades(state.given, state.follows)
    dx, Mdx = state.trades(rates, following)
    if day.center is not None:
        d, Md = day.book - day.center + x, day.M_book - day.M_center + Mx
        return float(dx @ Mdx), float(dx @ Md), float(d @ Md) - day.radius**2
    w, Mw, price = day.book + x, day.M_book + Mx, state.price_of_trades()
    excess, more = -(float(day.q @ w) + float(price @ x) + day.constant), -float((day.q + price) @ dx)
    a, c = float(dx @ Mdx) - dtau * more, float(w @ Mw) - state.tau * excess
    return a, float(dx @ Mw) - 0.5 * (state.tau * more + dtau * excess), c


def roots(a: float, b: float, c: float) -> list[float]:
    """Of  a t^2 + 2 b t + c."""
    inside = b * b - a * c
    if inside < 0.0:
        return []
    root = -(b + math.copysign(math.sqrt(inside), b))
    both = [root / a if a != 0.0 else math.inf, c / root if root != 0.0 else 0.0]
    return [t for t in both if math.isfinite(t)]


def best_tau(state: State, slopes: Vector, following: Vector) -> float:
    """The tau of the answer where nothing changes place; slopes, following: (n + r,) a step of one in tau."""
    a, b, c = square(state, slopes, following, 1.0)
    found = [state.tau + t for t in roots(a, b, c)]
    if state.day.ratio:
        return min((tau for tau in found if tau > 0.0), key=lambda tau: abs(tau - state.tau), default=state.tau)
    return min(max(found, default=SMALLEST_BALL), 1.0) if a > 0.0 else SMALLEST_BALL if c > 0.0 else 1.0
