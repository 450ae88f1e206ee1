"""From an interior point to the exact answer: guess what binds, solve for it, correct the guess, until nothing is wrong.

An interior point stops 1e-9 to 1e-5 short of every bound that binds. Here the bounds, rows and cones that bind are taken
as equalities, the optimality conditions become one linear system (a short Newton iteration where a second-order cone
binds, written as h = (||s1||^2 - s0^2)/2 = 0), and its solution is exact to rounding: active bounds hold exactly,
stationarity to about 1e-15, and every solver that found the right neighbourhood gives the same weights.

For a convex program a point that satisfies the optimality conditions is the optimum: what is returned has been checked.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from portopt.domain.program import StandardForm
from portopt.domain.solution import SolveStatus
from portopt.optimization.polish.active_set import ActiveSet
from portopt.optimization.polish.cone_apex import flattened
from portopt.optimization.polish.correction import correct, take_out_cash
from portopt.optimization.polish.dependent_rows import settle
from portopt.optimization.polish.kkt import TooLarge
from portopt.optimization.polish.newton import newton
from portopt.optimization.scaling.presolve import Scaled, SolverAnswer
from portopt.optimization.scaling.ratio_gamma import RatioScale

POLISHING_ROUNDS = 50
CIRCLES = 4  # times that one guess may come back, the later ones under caution: beyond, it goes round for ever
# Of a ratio a guess from a risk aversion too far off frees most of a large book at once, and rarely comes back: to ask the
# interior point again at a nearer one takes a tenth of the time.
MANY, STAYS = 600, 0.75
FEASIBLE = 1e-12  # scaled units
STATIONARY = 1e-10  # of the gradient
ROUNDED = 1e-16  # of the gradient: a multiplier that small is none


def has_polish(form: StandardForm) -> bool:
    """Whether it is of the polish's kind."""
    return not form.integer.any() and all(cone.kind == "second_order" for cone in form.cones)


def polished(
    program: Scaled, answer: SolverAnswer, scale: RatioScale | None = None, *, rounds: int = POLISHING_ROUNDS
) -> SolverAnswer | None:
    """The exact optimum near `answer`, or None when the correction does not settle or the program is not of its kind.

    Its kind: convex quadratic or linear, with second-order cones. answer: optimal, with multipliers.
    scale: for a ratio; its theta is moved to the best one. rounds: corrections after which it is given up.
    """
    if answer.status is not SolveStatus.OPTIMAL or answer.x is None or answer.y is None or not has_polish(program.form):
        return None
    # An iteration that runs away says so by its residual, not by a warning on somebody's terminal.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        exact = _corrected(program, answer, scale, rounds)
        flat = flattened(program, answer) if exact is None else None
        if flat is None:
            return exact
        exact = _corrected(flat.program, flat.lowered(answer), scale, rounds)
        return None if exact is None else flat.lifted(exact)


def _corrected(program: Scaled, answer: SolverAnswer, scale: RatioScale | None, rounds: int) -> SolverAnswer | None:
    """Guess, solve, correct, until nothing is wrong."""
    if scale is not None:
        scale.theta = answer.theta
    state = ActiveSet.guessed(program, answer, scale)
    seen: Counter[bytes] = Counter()
    for _ in range(rounds):
        program.form.until.check("working out the last digits")
        try:
            if not newton(state):
                return None
        except TooLarge:
            return None
        settle(state)
        cautious = max(seen.values(), default=0) > 1
        bound = state.held()
        if not correct(state, cautious=cautious) and not take_out_cash(state):
            return _checked(program, state, answer)
        key = state.key()
        seen[key] += 1
        strays = scale is not None and bound > MANY and state.held() < STAYS * bound
        if seen[key] > CIRCLES or strays:
            return None
    return None


def _checked(program: Scaled, state: ActiveSet, answer: SolverAnswer) -> SolverAnswer | None:
    """The state as an answer, if it is feasible and stationary."""
    size = max(state.size(), float(np.abs(program.q[program.wanted]).max(initial=0.0)))
    t = -state.total()
    free = ~(state.low | state.high)
    if float(np.abs(t[free]).max(initial=0.0)) > STATIONARY * size or state.violation() > FEASIBLE:
        return None
    if state.scale is not None:
        mismatch, excess, _ = state.scale.mismatch(program, state.x, program.P.times(state.x))
        if abs(mismatch) > FEASIBLE * abs(state.scale.theta * excess):
            return None
    t[free] = 0.0
    t[np.abs(t) <= ROUNDED * size] = 0.0
    y = np.where(state.side == 1, np.maximum(state.y, 0.0), np.where(state.side == -1, np.minimum(state.y, 0.0), state.y))
    y = np.where(np.abs(y) <= ROUNDED * size, 0.0, y)
    for _, columns, _ in state.implied:
        free[columns] = False
    return replace(answer, x=state.x, y=y, t=t, z=state.z(), movable=free)
