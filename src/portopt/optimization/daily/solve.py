"""The weights of one day, from where everything stood the day before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portopt.domain.arrays import Vector
from portopt.optimization.beside.standing import HIGHEST, LOWEST, Places, Standing, possible
from portopt.optimization.daily.bend import best_tau
from portopt.optimization.daily.check import checked
from portopt.optimization.daily.day import Day, Found
from portopt.optimization.daily.rounds import rounds
from portopt.optimization.daily.state import State
from portopt.optimization.daily.tableau import Dependent
from portopt.optimization.daily.walk import Lost, Walk

FEWEST_TURNS, TURNS_A_NAME = 40, 2.0  # corners, counted over all of a day: more of them cost as much as a solve
REFINED, LOOKS = 2, 2
ROUNDED = 1e-15  # a weight this close to where it could be held was rounded on its way there
SAME = 1e-9  # of the largest: a row that far from the others, in what is free, says the same


def solved(day: Day, now: Standing, tau: float, y: Vector) -> Found | None:
    """The optimum, checked, or None where it is not come to in the steps that are counted.

    now, tau, y: where everything stood, and tau and the rows' multipliers, of an answer nearby. What a first look ends at
    and does not pass the check, a table that many corners have worn, is begun at again with a new one.
    """
    now = replace(now, places=possible(day, now.places))
    for _ in range(LOOKS):
        found = _come_to(day, now, tau, y)
        if found is None or checked(day, found).holds():
            return found
        now, tau, y = found.standing, found.tau, found.y
    return None


def _come_to(day: Day, now: Standing, tau: float, y: Vector) -> Found | None:
    try:
        state, at_rest = _begun(day, now, tau, tau * y)
        done = rounds(state) if at_rest else 0
        walk = Walk(state, FEWEST_TURNS + int(TURNS_A_NAME * day.n))
        walk.home()
        bent = walk.along_tau() if day.ratio or day.center is not None else False
        return _exact(state, bent, done + walk.turns)
    except (Lost, Dependent):
        return None


def _begun(day: Day, now: Standing, tau: float, y: Vector) -> tuple[State, bool]:
    """(the state, whether everything given is where it is to be). Rows that say nothing new of what is free begin as prices
    that are to vanish. Raises Dependent."""
    try:
        return State(day, now, tau), True
    except Dependent:
        sides = _independent(day, now)
        state = State(day, replace(now, sides=sides), tau)
        idle = np.flatnonzero(sides == 0)
        state.given[day.n + idle] = y[idle]
        state.follows = state.table.follows(state.given)
        return state, False


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


def _exact(state: State, bent: bool, steps: int) -> Found:
    """What was come to, to rounding: the table is what its residuals are worked off with."""
    day, places = state.day, state.places
    for _ in range(REFINED):
        if bent:
            _refine(state)
            slopes = state.slopes()
            following = state.table.follows(slopes)
            by = best_tau(state, slopes, following) - state.tau
            state.follows = state.follows + by * following
            state.aim(state.tau + by)
        state.given = state.goal.copy()
        _refine(state)
    tau, x = state.tau, np.where(state.free, state.follows[: day.n], state.given[: day.n])
    w = np.where(places == LOWEST, day.lower, np.where(places == HIGHEST, day.upper, day.book + x))
    for side in (day.book, day.lower, day.upper):
        w = np.where(np.abs(w - side) <= ROUNDED, side, w)
    gradient = (day.M @ w - day.M_book - day.wanted(tau)) / tau
    pull = 0.0 if day.center is None else 1.0 / tau - 1.0
    y = state.prices(state.given, state.follows) / tau
    return Found(w, y, pull, gradient, state.standing(pull > 0.0), tau, steps)


def _refine(state: State) -> None:
    """One correction of what follows by what it leaves of the conditions."""
    day, table, n = state.day, state.table, state.n
    exchanged = table.exchanged
    x = np.where(exchanged[:n], state.follows[:n], state.given[:n])
    y = state.prices(state.given, state.follows)
    came = np.concatenate([day.M @ x + y @ table.C, table.C @ x])
    correction = table.follows(np.where(exchanged, state.given - came, 0.0))
    state.follows = np.where(exchanged, state.follows + correction, came)
