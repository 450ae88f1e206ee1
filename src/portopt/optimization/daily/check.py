"""Every optimality condition of one day at once, from the weights and the multipliers alone: the second look of every day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Mask
from portopt.domain.certificate import Tolerances
from portopt.optimization.daily.day import Day, Found

CURVED = 1e-10  # of the largest variance: less is none
TIED = 1e-10  # of the gradient: held by less than that is held by chance, and another portfolio may be as good


@dataclass(frozen=True, slots=True)
class Checked:
    """primal: the largest miss of a bound, row or the ball. stationarity: what is left of the gradient, relative, wrong signs
    of multipliers included. complementarity: the largest product of a multiplier and its slack, relative to the gradient.
    only: whether no other portfolio may be as good.
    """

    primal: float
    stationarity: float
    complementarity: float
    only: bool

    def holds(self, tolerances: Tolerances = Tolerances()) -> bool:
        """Whether the audit's tolerances are met, and no other portfolio may be as good."""
        of_conditions = max(self.stationarity, self.complementarity)
        return self.only and self.primal <= tolerances.feasibility and of_conditions <= tolerances.stationarity


def checked(day: Day, found: Found) -> Checked:
    """Reads nothing of how it was found but w and the multipliers."""
    w, y = found.w, found.y
    size = max(float(np.abs(found.gradient).max()), float(np.abs(day.q).max()), 1e-300)
    bought, sold = np.maximum(w - day.book, 0.0), np.maximum(day.book - w, 0.0)
    value = day.G @ w + day.G_buys @ bought + day.G_sells @ sold
    slack = np.where(y > 0.0, day.row_upper - value, np.where(y < 0.0, value - day.row_lower, 0.0))
    misses = [day.lower - w, w - day.upper, day.row_lower - value, value - day.row_upper]
    primal = max(float(miss.max(initial=0.0)) for miss in misses)
    products = float(np.abs(np.where(y == 0.0, 0.0, y * slack)).max(initial=0.0))
    if day.center is not None:
        d = w - day.center
        distance = float(np.sqrt(max(float(d @ (day.M @ d)), 0.0)))
        primal = max(primal, distance - day.radius)
        products = max(products, found.pull * day.radius * abs(distance - day.radius))
    wants, buying, selling = -(found.gradient + y @ day.G), day.buying + y @ day.G_buys, day.selling + y @ day.G_sells
    low = np.where(w <= day.lower, -np.inf, np.where(w > day.book, buying, -selling))
    high = np.where(w >= day.upper, np.inf, np.where(w < day.book, -selling, buying))
    left = float(np.maximum(low - wants, wants - high).max(initial=0.0))
    held = (low < high) & (np.minimum(wants - low, high - wants) > TIED * size) | day.fixed
    only = not bool((~held & ~found.standing.free).any()) or _curves(day, ~held)
    return Checked(primal, left / size, products / size, only)


def _curves(day: Day, loose: Mask) -> bool:
    """Whether every way to move what is not held costs something: all but one of it is risky, and that one the budget holds."""
    S = day.M[np.ix_(loose, loose)]
    risky = np.diagonal(S) > 0.0
    if np.count_nonzero(~risky) > 1:
        return False
    try:
        block = S[np.ix_(risky, risky)]
        block.flat[:: len(block) + 1] -= CURVED * float(np.diagonal(block).max(initial=0.0))
        np.linalg.cholesky(block)
    except np.linalg.LinAlgError:
        return False
    return True
