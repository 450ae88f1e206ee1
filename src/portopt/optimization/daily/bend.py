"""Where along tau the answer is: at the surface of the ball, or where a ratio's risk aversion is its own.

While nothing changes place the weights go evenly with tau, and both are a root of a square:

    (w - c)'M(w - c) = radius^2          w'Mw = tau (excess return - what trading costs)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from portopt.domain.arrays import Vector
from portopt.optimization.daily.day import Day

SMALLEST_BALL = 1e-9  # of tau: a ball that is met by its centre alone

Square = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Trades that go evenly with tau. x, M_x: (n,) at `tau`; dx, M_dx: (n,) a step; price: (n,) of a trade more, as they go."""

    tau: float
    x: Vector
    M_x: Vector
    dx: Vector
    M_dx: Vector
    price: Vector | None = None

    def at(self, tau: float) -> Line:
        """Of steps of one in tau: from another one."""
        by = tau - self.tau
        return Line(tau, self.x + by * self.dx, self.M_x + by * self.M_dx, self.dx, self.M_dx, self.price)


def square(day: Day, line: Line, dtau: float) -> Square:
    """(a, b, c) of  a t^2 + 2 b t + c,  zero there, t steps of `dtau` in tau from where the line is."""
    dx, M_dx = line.dx, line.M_dx
    if day.center is not None:
        d, M_d = day.off_center + line.x, day.M_off_center + line.M_x
        return float(dx @ M_dx), float(dx @ M_d), float(d @ M_d) - day.radius**2
    w, M_w, price = day.book + line.x, day.M_book + line.M_x, day.q if line.price is None else line.price
    excess, more = -(float(day.q @ w) + float(price @ line.x) + day.constant), -float((day.q + price) @ dx)
    a, c = float(dx @ M_dx) - dtau * more, float(w @ M_w) - line.tau * excess
    return a, float(dx @ M_w) - 0.5 * (line.tau * more + dtau * excess), c


def roots(a: float, b: float, c: float) -> list[float]:
    """Of  a t^2 + 2 b t + c."""
    inside = b * b - a * c
    if inside < 0.0:
        return []
    root = -(b + math.copysign(math.sqrt(inside), b))
    both = [root / a if a != 0.0 else math.inf, c / root if root != 0.0 else 0.0]
    return [t for t in both if math.isfinite(t)]


def best_tau(day: Day, line: Line) -> float:
    """The tau of the answer where nothing changes place. line: of steps of one in tau."""
    a, b, c = square(day, line, 1.0)
    found = [line.tau + t for t in roots(a, b, c)]
    if day.ratio:
        return min((tau for tau in found if tau > 0.0), key=lambda tau: abs(tau - line.tau), default=line.tau)
    return min(max(found, default=SMALLEST_BALL), 1.0) if a > 0.0 else SMALLEST_BALL if c > 0.0 else 1.0
