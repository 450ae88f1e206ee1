"""Rows that leave no choice: those that determine one column, and those whose columns are all held."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.optimization.polish.active_set import ActiveSet

SETTLING = 10


def imply(state: ActiveSet) -> Mask:
    """Put bound columns on their bounds, then every column that its row alone determines; returns the (M,) rest.

    Fills `implied` and `stuck`.
    """
    state.x[state.low] = state.program.lower[state.low]
    state.x[state.high] = state.program.upper[state.high]
    free = ~(state.low | state.high)
    number = np.arange(1, len(free) + 1, dtype=float)
    open_rows = state.side != 0
    state.implied = []
    for _ in range(50):
        count = np.asarray(state.pattern @ free.astype(float))
        single = np.flatnonzero(open_rows & (count == 1))
        if len(single) == 0:
            break
        columns = np.rint(np.asarray(state.pattern[single] @ (number * free))).astype(np.intp) - 1
        columns, first = np.unique(columns, return_index=True)
        single = single[first]
        part = state.A[single]
        coefficient = np.asarray(part @ free.astype(float))
        state.x[columns] = 0.0
        state.x[columns] = (state.targets(single) - np.asarray(part @ state.x)) / coefficient
        free[columns], open_rows[single] = False, False
        state.implied.append((single, columns, coefficient))
    state.stuck = np.flatnonzero(open_rows & (np.asarray(state.pattern @ free.astype(float)) == 0))
    return free


def recover(state: ActiveSet) -> None:
    """Multipliers of the rows that determine a column: what makes that column stationary, last found first."""
    for rows, columns, coefficient in reversed(state.implied):
        state.y[rows] = 0.0
        state.y[rows] = -state.total()[columns] / coefficient


def settle(state: ActiveSet) -> None:
    """Choose the multipliers of active rows whose columns are all held: anything in the interval the signs leave.

    An asset that is not held and not bought has w = buys = sells = 0 in w - buys + sells = 0. An empty interval says
    that two of them should move together: the midpoint gives both the wrong sign, and the correction frees them.
    """
    rows = state.stuck
    if len(rows) == 0:
        return
    part = sp.coo_array(state.A[rows])
    for _ in range(SETTLING):  # rows that share a column settle in turns
        if float(np.abs(_settled(state, rows, part)).max()) <= 1e-16:
            break
        recover(state)


def _settled(state: ActiveSet, rows: Indices, part: sp.coo_array) -> Vector:
    """Move the multipliers of `rows` into their intervals; returns by how much."""
    t = -state.total()
    r, j, a = part.coords[0], part.coords[1], part.data
    bound = t[j] / a
    floor = (state.low[j] & (a > 0)) | (state.high[j] & (a < 0))
    ceiling = (state.low[j] & (a < 0)) | (state.high[j] & (a > 0))
    least, most = np.full(len(rows), -np.inf), np.full(len(rows), np.inf)
    np.maximum.at(least, r[floor], bound[floor])
    np.minimum.at(most, r[ceiling], bound[ceiling])
    side = state.side[rows]
    least = np.maximum(least, np.where(side == 1, -state.y[rows], -np.inf))
    most = np.minimum(most, np.where(side == -1, -state.y[rows], np.inf))
    move = np.clip(0.0, np.minimum(least, most), np.maximum(least, most))
    crossed = least > most
    move[crossed] = 0.5 * (least[crossed] + most[crossed])
    state.y[rows] += move
    return np.asarray(move)
