"""Everything that is beyond its side goes to the other one at once, a few times over: most days that is all.

Where it does not settle, where the least was wrong is where the walk begins. Source: Judice and Pires (1994), A block principal
pivoting algorithm for large-scale strictly monotone linear complementarity problems, Computers and Operations Research 21.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.optimization.daily.bend import Line, best_tau
from portopt.optimization.daily.day import Day
from portopt.optimization.daily.factored import Factored
from portopt.optimization.daily.places import ALONG, COUNTED, SIGN, Levels, Meanings
from portopt.optimization.daily.state import rows_as_counted
from portopt.optimization.daily.tableau import Dependent

MOST, PATIENCE = 12, 3  # rounds, and those of them that leave no less wrong than the best before
OUTSIDE = 1e-13


@dataclass(slots=True, eq=False)
class Rest:
    """Weights and rows at their levels, at one tau. x: (n,) trades, y: (r,) prices. dx, dy: the same for one of tau more.

    numbers: (9, n + r) of the levels. M_x, M_dx: (n,) M times them.
    """

    levels: Levels
    tau: float
    table: Factored
    numbers: Matrix
    x: Vector
    y: Vector
    M_x: Vector
    dx: Vector
    dy: Vector
    M_dx: Vector


def at_rest(day: Day, means: Meanings, levels: Levels, tau: float) -> Rest:
    """What follows where everything stands, with a ball, or of a ratio, at the tau of the answer. Raises Dependent."""
    n = day.n
    at = means.at(levels)
    numbers = means.numbers.take(at, axis=1)
    table = Factored(day, rows_as_counted(day, numbers[SIGN, :n]), means.free.take(at))
    x, y, _ = table.solved(numbers[0] + tau * numbers[ALONG])
    found = Rest(levels, tau, table, numbers, x, y, table.times(x), day.none, day.none, day.none)
    if day.is_bent:
        found.dx, found.dy, _ = table.solved(numbers[ALONG])
        found.M_dx = table.times(found.dx)
        bend(day, found)
    return found


def bend(day: Day, rest: Rest) -> None:
    """tau to where the ball is met, or where a ratio has its own risk aversion, everything standing where it does."""
    price = None
    if day.ratio:
        sign = rest.numbers[SIGN, : day.n]
        price = np.where(sign > 0.0, day.buying, np.where(sign < 0.0, -day.selling, 0.0))
    by = best_tau(day, Line(rest.tau, rest.x, rest.M_x, rest.dx, rest.M_dx, price)) - rest.tau
    rest.tau += by
    rest.x, rest.y, rest.M_x = rest.x + by * rest.dx, rest.y + by * rest.dy, rest.M_x + by * rest.M_dx


def wrong_at(day: Day, rest: Rest) -> Matrix:
    """(2, n + r) by how much what follows is beyond its lower side, and beyond its upper one."""
    n, table, numbers = day.n, rest.table, rest.numbers
    follows = np.concatenate([rest.M_x + rest.y @ table.C, table.C @ rest.x])
    if day.bend is not None:
        follows[:n] += day.bend * rest.x
    follows[table.free], follows[n + table.binding] = rest.x[table.free], rest.y[table.binding]
    sides = numbers[1:ALONG] + rest.tau * numbers[ALONG + 1 : SIGN]
    sides[0] -= follows
    sides[1] += follows
    for j in day.counting:
        price = rest.y[j]
        if price:
            sides[:, :n] -= price * day.per_trade[j] * numbers[COUNTED:, :n]
    return sides


def rounds(day: Day, means: Meanings, levels: Levels, tau: float) -> tuple[Rest | None, Levels, float, int]:
    """(where everything is right, or None; where the least was wrong, and its tau; rounds).

    Where what would be exchanged says nothing new, only what makes the system larger is: weights that become free, rows that
    no longer bind.
    """
    fewest, patience, best = means.size + 1, PATIENCE, (levels, tau)
    more: Levels | None = None
    for done in range(MOST):
        try:
            rest = at_rest(day, means, levels, tau)
        except Dependent:
            if more is None:
                return None, *best, done
            levels, more = more, None
            continue
        wrong = wrong_at(day, rest) > OUTSIDE
        either = (wrong[0] | wrong[1]).nonzero()[0]
        if not len(either):
            return rest, levels, rest.tau, done
        if len(either) < fewest:
            fewest, best = len(either), (levels, rest.tau)
        else:
            patience -= 1
            if patience < 0:
                break
        low, tau = wrong[0].take(either), rest.tau
        opens = rest.table.exchanged[either] == (either >= day.n)
        more = _led(means, levels, either[opens], low[opens]) if opens.any() and not opens.all() else None
        levels = _led(means, levels, either, low)
    return None, *best, MOST


def _led(means: Meanings, levels: Levels, at: Indices, low: Mask) -> Levels:
    """The levels with those at `at` beyond the side that they have met, the lower where `low`."""
    found = levels.copy()
    found[at] = means.leads[1 - low, levels[at] * means.size + at]
    return found
