"""Days on which a trade costs its 3/2 power too: Newton's method, each step a day of the quadratic kind.

Around trades of sizes v a power is one price of any trade and one bend,

    c |x|^(3/2)  ~  3/4 c sqrt(v) |x| + 3/8 c / sqrt(v) x^2,      the same value of its slope, and slope of it, at |x| = v

so that which way a name is traded stays open. tau counts for the bend as well: tau D x is taken at the tau of the step before,
to first order. A name that such a step leaves where it is, and that wants away at its linear price by e, has its size from
what it would pay: 3/2 c sqrt(v) = e. Where no size moves any more the slopes are the power's own.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portopt.domain.arrays import Vector
from portopt.optimization.beside.standing import Standing
from portopt.optimization.daily.day import Day, Found
from portopt.optimization.daily.settle import REFINED, come_to

STEPS = 25
SETTLED = 1e-4  # of a size, and of tau: what is left of a slope is the square of it
ROUGHLY = 0.1  # of a size, and of tau: a step from farther away than that is not worth its last digits
NEAR = 0.2  # of tau: nearer to its own than that it is taken to first order
FIRST_TRADES, FEWEST = 0.05, 10  # of the book, what a first step takes all trades to come to; and of how many at least
SMALLEST = 1e-18  # a trade whose bend is taken to be that of this size
SHRINKS = 1e-4  # to that of its size, a trade that rows hold at nothing: which price it pays there no size says


def with_powers(day: Day, now: Standing, tau: float, y: Vector) -> Found | None:
    """As `come_to`, of a day with powers."""
    v, steps, by, apart = np.full(day.n, FIRST_TRADES / max(int(np.count_nonzero(now.free)), FEWEST)), 0, 1.0, 1.0
    powers = day.none if day.powers is None else day.powers
    for _ in range(STEPS):
        expanded = _expanded(day, powers, v, tau, to_first_order=by < NEAR and day.is_bent)
        refined = 0 if apart > ROUGHLY else REFINED
        found = come_to(expanded, now, tau, y, refined)
        if found is None:
            return None
        steps += found.steps
        sizes = _sizes(day, powers, found, v)
        by = abs(found.tau - tau) / found.tau
        apart = max(by, float((np.abs(sizes - v) / sizes).max(initial=0.0)))
        if apart <= SETTLED and refined:
            return replace(found, steps=steps)
        now, tau, y, v = found.standing, found.tau, found.y, sizes
    return None


def _expanded(day: Day, powers: Vector, v: Vector, tau: float, *, to_first_order: bool) -> Day:
    """The day around trades of sizes v (n,), and around that tau."""
    price = 0.75 * powers * np.sqrt(v)
    bend = tau * price / v
    return day.priced(2.0 * price, bend, bend * v) if to_first_order else day.priced(price, bend, None)


def _sizes(day: Day, powers: Vector, found: Found, v: Vector) -> Vector:
    """(n,) what is traded; of a name that was left where it is what it would be traded in, at most what it was taken for."""
    x = np.abs(found.w - day.book)
    wants = -(found.gradient + found.y @ day.G)
    beyond = np.maximum(wants - (day.buying + found.y @ day.G_buys), -wants - (day.selling + found.y @ day.G_sells))
    with np.errstate(divide="ignore", invalid="ignore"):
        wanted = np.where(found.standing.free, SHRINKS * v, np.minimum((beyond / (1.5 * powers)) ** 2, v))
    left = np.where((beyond > 0.0) & (powers > 0.0) & ~day.fixed, wanted, v)
    return np.where(powers > 0.0, np.maximum(np.where(x > 0.0, x, left), SMALLEST), v)
