"""From where everything stood to where it stands: rounds, a walk where they do not settle, and the last digits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portopt.domain.arrays import Vector
from portopt.optimization.beside.standing import HIGHEST, LOWEST, Places, Standing
from portopt.optimization.daily.day import Day, Found
from portopt.optimization.daily.places import ALONG, FIRST, Meanings
from portopt.optimization.daily.rounds import Rest, at_rest, bend, rounds
from portopt.optimization.daily.state import State, levels_of, standing_at
from portopt.optimization.daily.tableau import Dependent
from portopt.optimization.daily.walk import Lost, Walk

FEWEST_TURNS, TURNS_A_NAME = 40, 2.0  # corners, counted over all of a walk: more of them cost as much as a solve
REFINED = 2
ROUNDED = 1e-15  # a weight this close to where it could be held was rounded on its way there
SAME = 1e-9  # of the largest: a row that far from the others, in what is free, says the same


def come_to(day: Day, now: Standing, tau: float, y: Vector, refined: int = REFINED) -> Found | None:
    """The optimum, not looked at again, or None where it is not come to in the steps that are counted. As `solved`.

    refined: how often its residuals are worked off.
    """
    means = Meanings(day)
    rest, levels, at, done = rounds(day, means, levels_of(now), tau)
    if rest is not None:
        return _exact(day, rest, done, refined)
    for begin, tau_there in ((standing_at(levels, day.n, now.on_ball), at), (now, tau)):
        try:
            state, turns = _walked(day, means, begin, tau_there, tau * y)
            return _exact(day, at_rest(day, means, state.levels, state.tau), done + turns, refined)
        except (Lost, Dependent):
            continue
    return None


def _walked(day: Day, means: Meanings, now: Standing, tau: float, y: Vector) -> tuple[State, int]:
    """(where a walk from there ends, the corners it turned). Raises Lost, Dependent."""
    walk = Walk(_begun(day, means, now, tau, y), FEWEST_TURNS + int(TURNS_A_NAME * day.n))
    walk.home()
    if day.is_bent:
        walk.along_tau()
    return walk.state, walk.turns


def _begun(day: Day, means: Meanings, now: Standing, tau: float, y: Vector) -> State:
    """Where a walk begins. Rows that say nothing new of what is free begin as prices that are to vanish. Raises Dependent."""
    try:
        return State(day, means, now, tau)
    except Dependent:
        sides = _independent(day, now)
        state = State(day, means, replace(now, sides=sides), tau)
        idle = np.flatnonzero(sides == 0)
        state.given[day.n + idle] = y[idle]
        state.follows = state.table.follows(state.given)
        return state


def _independent(day: Day, now: Standing) -> Places:
    """(r,) the sides without those of rows that depend on others, of what is free."""
    from scipy.linalg import qr

    free, binding = np.flatnonzero(now.free), np.flatnonzero(now.sides)
    sides = np.zeros_like(now.sides)
    if len(free) and len(binding):
        way = now.places[free]
        rows = day.G[:, free] + day.G_buys[:, free] * (way > 0) - day.G_sells[:, free] * (way < 0)
        _, R, order = qr(rows[binding].T, mode="economic", pivoting=True)
        size = np.abs(np.diagonal(R))
        kept = binding[order[: int(np.count_nonzero(size > SAME * max(float(size.max(initial=0.0)), 1e-300)))]]
        sides[kept] = now.sides[kept]
    return sides


def _exact(day: Day, rest: Rest, steps: int, refined: int) -> Found:
    """What was come to, to rounding: its residuals are worked off with the factorization that it was found by."""
    for _ in range(refined):
        _refine(day, rest)
        if day.is_bent:
            bend(day, rest)
    places, tau = rest.levels[: day.n], rest.tau
    w = np.where(places == LOWEST + FIRST, day.lower, np.where(places == HIGHEST + FIRST, day.upper, day.book + rest.x))
    for side in (day.book, day.lower, day.upper):
        w = np.where(np.abs(w - side) <= ROUNDED, side, w)
    gradient = (day.M @ w - day.M_book - day.wanted(tau)) / tau
    pull = 0.0 if day.center is None else 1.0 / tau - 1.0
    return Found(w, rest.y / tau, pull, gradient, standing_at(rest.levels, day.n, pull > 0.0), tau, steps)


def _refine(day: Day, rest: Rest) -> None:
    """One correction of what follows by what it leaves of the conditions."""
    table, n = rest.table, day.n
    free, binding = table.free, table.binding
    given = rest.numbers[0] + rest.tau * rest.numbers[ALONG]
    left = np.concatenate([
        given[free] - table.pushed(rest.x, rest.y)[free], given[n + binding] - table.C[binding] @ rest.x
    ])  # fmt: skip
    correction = table.K.solve(left)
    rest.x[free] += correction[: len(free)]
    rest.y[binding] += correction[len(free) :]
    rest.M_x = table.times(rest.x)
