"""One convex standard form to one answer: reduce and scale, climb the ladder, polish, restore."""

from __future__ import annotations

import logging
from dataclasses import replace
from time import perf_counter

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.program import StandardForm
from portopt.domain.solution import RawAnswer, SolveStatus
from portopt.optimization.ladder import climb
from portopt.optimization.polish.last_touch import on_bounds, with_exact_sums, with_tight_cones, within_box
from portopt.optimization.polish.linear_vertex import refined
from portopt.optimization.polish.polish import POLISHING_ROUNDS, has_polish, polished
from portopt.optimization.polish.whole_numbers import settled
from portopt.optimization.scaling.own_size import in_own_size
from portopt.optimization.scaling.presolve import Scaled, SolverAnswer, crossing, lowered, restored, scaled

log = logging.getLogger(__name__)
FINER = ("structured", "clarabel")  # solvers that stop earlier when a polish follows
PRESOLVE = "presolve"  # who answers where every column is fixed, or two sides cross


def solve_convex(form: StandardForm, *, solver: str | None = None, polish: bool = True) -> RawAnswer:
    """The optimum of a form whose `ratio` is not set, polished where it can be; the interior answer where it cannot."""
    began = perf_counter()
    conflict = crossing(form)
    if conflict:
        return RawAnswer(SolveStatus.INFEASIBLE, None, None, PRESOLVE, 0, perf_counter() - began, message=conflict)
    program = scaled(form)
    if len(program.columns) == 0:
        return _everything_fixed(program, began)
    is_last = not polish or not has_polish(form)
    answer = climb(program, solver=solver, fine=is_last)
    answer = settled(program, answer) if form.integer.any() else answer
    better = None if is_last else refined(program, answer) or polished(program, answer)
    smaller = in_own_size(program, answer.x) if not is_last and better is None else None
    if smaller is not None:
        log.debug("no polish from there: solved again in its own size")
        again = climb(smaller, solver=solver)
        exact = refined(smaller, again) or polished(smaller, again)
        program, answer, better = (program, answer, None) if exact is None else (smaller, again, exact)
    tried: tuple[str, ...] = ()
    # A first answer leaves the last digits to the polish; where it declines, the same solver is asked for more of them,
    # then the next one.
    while not is_last and better is None and answer.status is SolveStatus.OPTIMAL:
        fine = answer.solver in FINER and answer.solver not in tried
        without = tuple(name for name in (*tried, answer.solver) if not (fine and name == answer.solver))
        tried = (*tried, answer.solver)
        log.debug(
            "no polish from %s: %s", answer.solver, "more of its digits are asked for" if fine else "the next one is asked"
        )
        again = climb(program, solver=solver, without=without, fine=fine)
        if again.status is not SolveStatus.OPTIMAL:
            break
        answer, better = again, polished(program, again)
    log.debug("%s", "not to be polished" if is_last else "polished" if better is not None else "left as the solver gave it")
    raw = restored(program, answer if better is None else better, perf_counter() - began)
    return finished(program, raw, better, began) if polish else raw


def polished_beside(form: StandardForm, neighbour: RawAnswer | None) -> RawAnswer | None:
    """The optimum of a form close to one already answered; None without a polished neighbour, or where the polish strays."""
    if neighbour is None or not neighbour.polished or form.integer.any() or crossing(form):
        return None
    return polished_near(form, neighbour)


def polished_near(form: StandardForm, neighbour: RawAnswer, rounds: int = POLISHING_ROUNDS) -> RawAnswer | None:
    """The exact optimum from a point close to it, with multipliers; None where the polish does not come to it in `rounds`."""
    began = perf_counter()
    program = scaled(form)
    better = polished(program, lowered(program, neighbour), rounds=rounds) if len(program.columns) else None
    return None if better is None else finished(program, restored(program, better, 0.0), better, began)


def finished(program: Scaled, raw: RawAnswer, exact: SolverAnswer | None, began: float) -> RawAnswer:
    """The last touch: weights within or on their bounds, sum and helpers exact. exact: the polished answer, if any."""
    if raw.x is None:
        return raw
    movable = np.ones(len(raw.x), dtype=bool)
    if exact is not None and exact.movable is not None:
        movable = np.zeros(len(raw.x), dtype=bool)
        movable[program.columns] = exact.movable
    box = program.form.box()
    x = on_bounds(program.form, raw.x if exact is not None else within_box(raw.x, box), box)
    x = with_tight_cones(program.form, with_exact_sums(program.form, x, movable, box), box)
    return replace(raw, x=x, polished=exact is not None, seconds=perf_counter() - began)


def _everything_fixed(program: Scaled, began: float) -> RawAnswer:
    """Every column is fixed by its bounds: the only candidate either satisfies the rows and cones or nothing does."""
    holds = bool(np.all(program.row_lower <= 1e-10) and np.all(program.row_upper >= -1e-10))
    holds = holds and not any(_outside(cone.kind, cone.b, cone.alpha) > 1e-10 for cone in program.cones)
    status = SolveStatus.OPTIMAL if holds else SolveStatus.INFEASIBLE
    nothing = np.zeros(0)
    answer = SolverAnswer(
        status,
        PRESOLVE,
        x=nothing if holds else None,
        y=np.zeros(len(program.rows)) if holds else None,
        z=tuple(np.zeros(len(cone.b)) for cone in program.cones) if holds else (),
        message="every column is fixed by its bounds",
    )
    return restored(program, answer, perf_counter() - began)


def _outside(kind: str, s: Vector, alpha: float) -> float:
    """How far s is outside its cone, zero or less inside."""
    if kind == "second_order":
        return float(np.linalg.norm(s[1:]) - s[0])
    if kind == "power":
        x, y = max(float(s[0]), 0.0), max(float(s[1]), 0.0)
        return float(max(abs(s[2]) - x**alpha * y ** (1 - alpha), -s[0], -s[1]))
    if s[1] <= 0:
        return float(max(s[0], -s[2], -s[1]))
    return float(s[1] * np.exp(s[0] / s[1]) - s[2])
