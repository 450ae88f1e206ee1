"""Programs over scenarios (CVaR, mean absolute deviation, semideviation), exactly, on the few scenarios that matter.

    u_t >= a_t'x + b_t,  u_t >= 0,  u_t charged          T scenarios, each a row as dense as the portfolio

At the answer nearly every scenario is surely beyond its threshold (u_t is its line) or surely not (u_t is nothing). Guess
which; solve with the doubtful ones alone; whoever is found on the wrong side becomes doubtful; until nobody is. Both
replacements only lower what is minimized, so an answer on which nobody is misplaced is the optimum of the whole, and the
multipliers of the whole are known: a scenario inside presses with all it is charged, one outside not at all.

100 assets and 5,000 scenarios take two rounds with 400 doubtful scenarios. Source for the dual that is solved: Rockafellar
and Uryasev (2000); for working on a part of the scenarios: Künzi-Bay and Mayer (2006).
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.program import Cone, StandardForm
from portopt.domain.solution import Duals, RawAnswer, SolveStatus
from portopt.optimization.convex import finished
from portopt.optimization.ladder import climb
from portopt.optimization.polish.polish import polished
from portopt.optimization.scaling.presolve import Scaled, SolverAnswer, lowered, restored, scaled
from portopt.optimization.scenarios.first_guess import beginning, doubtful
from portopt.optimization.scenarios.parts import Parts, parted
from portopt.optimization.scenarios.reduced import Reduced, pointing, reduced
from portopt.optimization.solvers import highs_dual

WORTH_IT = 200  # scenarios; fewer are solved as they are
ROUNDS = 30
POLISHES = 4
SWITCHING = 10  # rounds after which a scenario charged by its square alone, which has no kink, is kept all the same
VERTEX, INTERIOR = 1e-9, 1e-6  # of the typical line: how sure a simplex and an interior point are of a side
MISPLACED = 1e-12


def solve_hinges(form: StandardForm, *, near: Vector | None = None) -> RawAnswer | None:
    """The optimum, polished, or None where this method does not apply or does not settle: the ladder then decides.

    near: (N,) the answer to a form close by, if there is one.
    """
    began = perf_counter()
    if sum(len(h.columns) for h in form.hinges) < WORTH_IT:
        return None
    parts = parted(form)
    if parts is None:
        return None
    x = beginning(parts) if near is None else near
    kept, inside = doubtful(parts, x, warm=near is not None)
    found = _settled(parts, kept, inside, began)
    return None if found is None else replace(found, seconds=perf_counter() - began)


def _settled(parts: Parts, kept: Indices, inside: Mask, began: float) -> RawAnswer | None:
    """Rounds until nobody is misplaced, then the last digits."""
    smooth, iterations = parts.smooth, 0
    for round_ in range(ROUNDS):
        small = reduced(parts, kept, inside)
        program = scaled(small.form)
        if len(program.columns) == 0:
            return None
        answer = _rough(program)
        iterations += answer.iterations
        if answer.status is not SolveStatus.OPTIMAL:
            return None
        whole = expanded(small, restored(program, answer, 0.0))
        if whole.x is None:
            return None
        lines = parts.lines(whole.x)
        sure = (VERTEX if answer.solver == "highs-dual" else INTERIOR) * _typical(lines)
        wrong = _misplaced(small, lines, sure)
        if not wrong.any():
            exact = _exact(small, program, answer, whole, lines, sure, began)
            return None if exact is None else replace(exact, iterations=iterations)
        turned = wrong & smooth & (round_ < SWITCHING)
        kept = np.union1d(kept, np.flatnonzero(wrong & ~turned)).astype(np.intp)
        inside = (inside ^ turned) & ~_mask(kept, len(inside))
    return None


def _rough(program: Scaled) -> SolverAnswer:
    if program.P.is_zero and not program.cones:
        answer = highs_dual.solve(program)
        if answer.status is SolveStatus.OPTIMAL:
            return answer
    return climb(program)


def _exact(
    small: Reduced, program: Scaled, answer: SolverAnswer, whole: RawAnswer, lines: Vector, sure: float, began: float
) -> RawAnswer | None:
    """The polish, on the scenarios at their kink alone; where that does not hold, on all that were kept."""
    parts, kept = small.parts, small.kept
    if whole.x is None or whole.duals is None:
        return None
    smooth = parts.smooth
    price = parts.price(whole.duals.rows[parts.others], whole.duals.cones, np.maximum(lines, 0.0))
    pressed = -whole.duals.rows[parts.rows]
    between = (pressed > 1e-6 * price) & (pressed < (1.0 - 1e-6) * price)
    at_kink = kept[((np.abs(lines) <= sure) | between)[kept]]
    candidate, near = reduced(parts, at_kink, (lines > 0.0) & ~_mask(at_kink, len(lines))), whole
    for _ in range(POLISHES):
        found = _polished(candidate, near, began)
        if found is None or found.x is None:
            break
        there = parts.lines(found.x)
        wrong = _misplaced(candidate, there, MISPLACED * _typical(there))
        if not wrong.any():
            return replace(found, solver=answer.solver)
        at_kink = np.union1d(candidate.kept, np.flatnonzero(wrong & ~smooth)).astype(np.intp)
        inside = (candidate.inside ^ (wrong & smooth)) & ~_mask(at_kink, len(lines))
        candidate, near = reduced(parts, at_kink, inside), found
    found = _polished(small, whole, began)
    if found is not None and found.x is not None:
        there = parts.lines(found.x)
        if not _misplaced(small, there, MISPLACED * _typical(there)).any():
            return replace(found, solver=answer.solver)
    if answer.solver != "highs-dual":
        return None
    # A degenerate vertex the polish declines: the simplex's own digits.
    return expanded(small, finished(program, restored(program, answer, 0.0), None, began))


def _polished(small: Reduced, near: RawAnswer, began: float) -> RawAnswer | None:
    program = scaled(small.form)
    exact = polished(program, lowered(program, restricted(small, near))) if len(program.columns) else None
    return None if exact is None else expanded(small, finished(program, restored(program, exact, 0.0), exact, began))


def _misplaced(small: Reduced, lines: Vector, sure: float) -> Mask:
    """(T,) hinges taken for their line that are negative there, and taken for nothing that are positive."""
    free = ~_mask(small.kept, len(lines))
    return np.asarray(free & np.where(small.inside, lines < -sure, lines > sure))


def _typical(lines: Vector) -> float:
    return max(float(np.abs(lines).mean()), 1e-300)


def _mask(chosen: Indices, size: int) -> Mask:
    mask = np.zeros(size, dtype=bool)
    mask[chosen] = True
    return mask


def expanded(small: Reduced, raw: RawAnswer) -> RawAnswer:
    """The reduced form's answer as one to the form itself, with every scenario's multiplier."""
    if raw.x is None:
        return raw
    parts, form = small.parts, small.parts.form
    x = np.zeros(form.n_columns)
    x[small.columns] = raw.x
    u = np.maximum(parts.lines(x), 0.0)
    x[parts.u] = u
    if raw.duals is None:
        return replace(raw, x=x)
    z = _pointed(form.cones, parts, x, raw.duals.cones)
    rows, bounds = np.zeros(form.A.shape[0]), np.zeros(len(form.bound_columns))
    rows[small.rows] = raw.duals.rows
    bounds[small.entries] = raw.duals.bounds
    price = parts.price(rows[parts.others], z, u)
    free = ~_mask(small.kept, len(u))
    rows[parts.rows[free]] = np.where(small.inside, -price, 0.0)[free]
    bounds[parts.entry[free]] = np.where(small.inside, 0.0, -price)[free]
    return replace(raw, x=x, duals=Duals(rows, bounds, z))


def restricted(small: Reduced, whole: RawAnswer) -> RawAnswer:
    """The opposite way."""
    if whole.x is None or whole.duals is None:
        return whole
    x, duals = whole.x[small.columns], whole.duals
    z = _pointed(small.form.cones, small.parts, x, duals.cones)
    return replace(whole, x=x, duals=Duals(duals.rows[small.rows], duals.bounds[small.entries], z))


def _pointed(cones: tuple[Cone, ...], parts: Parts, x: Vector, z: tuple[Vector, ...]) -> tuple[Vector, ...]:
    """Multipliers of the cones: those of a norm of hinges have other entries in the small form and in the whole."""
    return tuple(
        part if norm is None else pointing(cone, x, float(part[0]))
        for cone, norm, part in zip(cones, parts.norms, z, strict=True)
    )
