"""How a guess of what binds is corrected: add what is violated, drop what has the wrong sign."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Vector
from portopt.optimization.interior_point.second_order import longest_step
from portopt.optimization.polish.active_set import ActiveSet

WRONG_SIGN = 1e-12  # of the gradient: a multiplier this far on the wrong side is wrong
OUTSIDE = 1e-15  # a column this far outside its box is outside; rows add up many numbers and get more
ROW_OUTSIDE = 2e-13


def correct(state: ActiveSet, *, cautious: bool) -> bool:
    """Add what is violated, drop what has the wrong sign; True when anything changed. cautious: only the worst one."""
    p, held = state.program, state.low | state.high
    Px = p.P.times(state.x)
    t, size = -state.total(Px), state.size(Px)
    Ax = np.asarray(state.A @ state.x)
    room, idle = ROW_OUTSIDE * np.maximum(1.0, np.abs(Ax)), state.side == 0
    against = np.where(state.low, t, np.where(state.high, -t, 0.0)) / size
    row_against = np.where(np.abs(state.side) == 1, -state.side * state.y, 0.0) / size
    wrong = np.concatenate(
        [
            _above(np.where(held, 0.0, p.lower - state.x), OUTSIDE),
            _above(np.where(held, 0.0, state.x - p.upper), OUTSIDE),
            _above(against, WRONG_SIGN),
            _above(np.where(idle, Ax - p.row_upper, 0.0), room),
            _above(np.where(idle, p.row_lower - Ax, 0.0), room),
            _above(row_against, WRONG_SIGN),
            _cone_faults(state, size),
            _unreachable(state),
        ]
    )
    if not wrong.any():
        return _let_go_of_unmet(state, Ax, room, WRONG_SIGN * size)
    if cautious:
        worst = int(wrong.argmax())
        wrong = np.where(np.arange(len(wrong)) == worst, wrong, 0.0)
    M, m, c = len(state.x), len(state.y), len(state.on)
    cuts = np.cumsum([M, M, M, m, m, m, c])
    to_low, to_high, loose, row_up, row_down, row_loose, cone, unreachable = np.split(wrong > 0, cuts)
    state.low = (state.low & ~loose & ~unreachable) | to_low
    state.high = (state.high & ~loose & ~unreachable) | (to_high & ~to_low)
    state.side[row_up], state.side[row_down], state.side[row_loose] = 1, -1, 0
    state.y[row_loose] = 0.0
    state.on ^= cone
    state.pull[cone] = 0.0
    return True


def _let_go_of_unmet(state: ActiveSet, Ax: Vector, room: Vector, nothing: float) -> bool:
    """Let go of the row that is held, with a multiplier over `nothing`, and farthest from being met; True where there is one.

    Rows that depend on each other cannot all be met where they do not agree, and the system leaves some of them open: with a
    multiplier on a row that is not met nothing is optimal.
    """
    held = np.flatnonzero((np.abs(state.side) == 1) & (np.abs(state.y) > nothing))
    missed = np.abs(Ax[held] - state.targets(held)) - room[held]
    if not len(held) or float(missed.max()) <= 0.0:
        return False
    row = held[int(missed.argmax())]
    state.side[row], state.y[row] = 0, 0.0
    return True


def take_out_cash(state: ActiveSet) -> bool:
    """For a ratio that mixing in cash does not change: mix out, until a side is met, which is then held.

    True when something moved.
    """
    if state.scale is None or not state.scale.drift.any():
        return False
    p, drift = state.program, state.scale.drift
    # Other assets drift too, in proportion; what comes from rounding does not count.
    moving = np.abs(drift) > 1e-9 * np.abs(drift).max()
    idle = (state.side == 0).astype(float)
    steps = [
        _steps(np.where(moving, drift, 0.0), p.lower - state.x, p.upper - state.x),
        _steps(idle * (state.A @ drift), p.row_lower - state.A @ state.x, p.row_upper - state.A @ state.x),
        np.array([np.inf if on else _to_surface(state, k) for k, on in enumerate(state.on)]),
    ]
    nearest = [float(part.min(initial=np.inf)) for part in steps]
    kind, step = int(np.argmin(nearest)), max(min(nearest), 0.0)
    if not np.isfinite(step):
        return False
    at = int(steps[kind].argmin())
    if kind == 0:
        (state.low if drift[at] < 0 else state.high)[at] = True
    elif kind == 1:
        state.side[at] = 1 if float((state.A[[at]] @ drift)[0]) > 0 else -1
    else:
        state.on[at] = True
    state.x += step * drift
    state.scale.theta += step
    state.scale.drift[:] = 0.0
    return True


def _steps(change: Vector, to_lower: Vector, to_upper: Vector) -> Vector:
    """How far each entry may go along `change` before it meets a side."""
    room = np.where(change > 0, to_upper, to_lower)
    steps = np.full(len(change), np.inf)
    moving = np.abs(change) > ROW_OUTSIDE
    steps[moving] = room[moving] / change[moving]
    return steps


def _to_surface(state: ActiveSet, k: int) -> float:
    """How far x may drift before it meets the surface of a cone it is inside."""
    if state.scale is None:
        return np.inf
    return longest_step(state.cone_value(k), state.maps[k].times(state.scale.drift), np.inf)


def _cone_faults(state: ActiveSet, size: float) -> Vector:
    """(c,) a cone that is left although not held, or held with the wrong sign."""
    out = np.zeros(len(state.on))
    for k in range(len(state.on)):
        if state.on[k]:
            out[k] = -state.pull[k] / size if state.pull[k] < -WRONG_SIGN * size else 0.0
        else:
            s = state.cone_value(k)
            excess = float(np.linalg.norm(s[1:]) - s[0])
            out[k] = excess if excess > ROW_OUTSIDE else 0.0
    return out


def _unreachable(state: ActiveSet) -> Vector:
    """(M,) for each active row that its held columns cannot satisfy, the held column farthest from its bound."""
    out = np.zeros(len(state.x))
    if len(state.stuck) == 0:
        return out
    missed = np.abs(np.asarray(state.A[state.stuck] @ state.x) - state.targets(state.stuck))
    for row in state.stuck[missed > ROW_OUTSIDE]:
        columns = state.program.A.indices[state.program.A.indptr[row] : state.program.A.indptr[row + 1]]
        held = columns[(state.low | state.high)[columns]]
        if len(held):
            slack = np.abs(state.x_start[held] - state.x[held])
            out[held[int(slack.argmax())]] = float(max(missed.max(), 1e-9))
    return out


def _above(values: Vector, threshold: Vector | float) -> Vector:
    return np.where(values > threshold, values, 0.0)
