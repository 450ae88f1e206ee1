"""Everything that is beyond its side goes to the other one at once, a few times over: most days that is all.

Where it does not settle, what it leaves is a better guess for the walk. Source: Judice and Pires (1994), A block principal
pivoting algorithm for large-scale strictly monotone linear complementarity problems, Computers and Operations Research 21.
"""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Mask
from portopt.optimization.daily.bend import best_tau
from portopt.optimization.daily.state import State
from portopt.optimization.daily.tableau import Dependent

MOST, PATIENCE = 8, 2  # rounds, and those of them that leave no less wrong than the best before
OUTSIDE = 1e-13


def rounds(state: State) -> int:
    """How many there were."""
    fewest, patience = len(state.goal) + 1, PATIENCE
    for done in range(MOST):
        _bend(state)
        wrong = state.against(state.given, state.follows) < state.sides - OUTSIDE
        count = int(np.count_nonzero(wrong))
        patience -= count >= fewest
        fewest = min(fewest, count)
        if count == 0 or patience < 0:
            return done
        try:
            _exchange(state, wrong[0] | wrong[1], wrong[0])
        except Dependent:
            return done
        state.aim(state.tau)
        state.given = state.goal.copy()
        state.follows = state.table.follows(state.given)
    return MOST


def _bend(state: State) -> None:
    """tau to where the ball is met, or where a ratio has its own risk aversion, everything standing where it does."""
    if not state.day.ratio and state.day.center is None:
        return
    slopes = state.slopes()
    following = state.table.follows(slopes)
    by = best_tau(state, slopes, following) - state.tau
    state.given, state.follows = state.given + by * slopes, state.follows + by * following
    state.aim(state.tau + by)


def _exchange(state: State, wrong: Mask, low: Mask) -> None:
    n, table = state.n, state.table
    at = np.flatnonzero(wrong)
    names, rows = at[at < n], at[at >= n] - n
    freed, put = names[~table.exchanged[names]], names[table.exchanged[names]]
    before = state.places[freed].copy()
    state.lead(freed, low[freed])
    state.recount(freed)
    try:
        table.exchange(at)
    except Dependent:
        state.places[freed] = before
        state.recount(freed)
        raise
    state.lead(put, low[put])
    state.recount(put)
    state.stand(rows, low[n + rows])
