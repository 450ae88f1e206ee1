"""From a problem to its answer: assemble, solve, polish.

A method is imported when a form asks for it: a first answer has no time for those that it does without.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.solution import RawAnswer, Solution, SolveStatus
from portopt.optimization.assemble import assemble
from portopt.optimization.at_rest import at_rest
from portopt.optimization.convex import polished_beside, solve_convex
from portopt.optimization.scaling.penalties import solve_with_dear_wishes
from portopt.optimization.scaling.presolve import crossing
from portopt.optimization.tight_cones.faces import settled_on_face

if TYPE_CHECKING:
    from portopt.optimization.neighbour import Neighbour

log = logging.getLogger(__name__)
QUICK = 0.03  # of the usual effort, for one question in whole numbers on the way; without an answer by then it stays open


def optimize(
    problem: Problem, *, form: StandardForm | None = None, solver: str | None = None, near: Neighbour | None = None
) -> Solution:
    """The best portfolio for `problem`, or the reason there is none as its status.

    form: the problem already assembled. solver: see `solve`. near: a solved problem to begin at.
    Raises NoExcessReturn and RisklessExcess for a Sharpe ratio that has no maximum.
    """
    form = assemble(problem) if form is None else form
    raw = None if near is None else _from_neighbour(form, near)
    raw = raw or (at_rest(problem, form) if solver is None else None) or solve(form, solver=solver, start=problem.target)
    weights = raw.x[: form.n_weights].copy() if raw.status is SolveStatus.OPTIMAL and raw.x is not None else None
    return Solution(raw.status, problem.identity(), weights, raw)


def solve(form: StandardForm, *, solver: str | None = None, start: Vector | None = None) -> RawAnswer:
    """Solve one standard form.

    solver: one of ladder.SOLVERS, to begin with that one instead of the first suitable. start: (n,) weights to look
    near, for programs with logarithms; the optimum is the same without. Every solver is bounded by its iterations and every
    search by its nodes, so that the answer is the same on a busy machine; no clock is read.
    """
    if log.isEnabledFor(logging.DEBUG):
        log.debug("%s", _shape(form))
    if form.integer.any():
        return _in_whole_numbers(form, 1.0)
    method = partial(_answer, solver=solver, start=start)
    answer = partial(solve_with_dear_wishes, solve=method)
    raw = answer(form)
    return settled_on_face(form, raw, answer) or raw


def _shape(form: StandardForm) -> str:
    """What is solved, in numbers."""
    kinds = {"a ratio": form.ratio, "whole numbers": form.integer.any(), "scenarios": form.hinges, "powers": _has_powers(form)}
    said = ", ".join(name for name, there in kinds.items() if there)
    size = f"{form.n_columns} columns, {form.A.shape[0]} rows, {len(form.cones)} cones"
    return f"a program of {size}{f': {said}' if said else ''}"


def _from_neighbour(form: StandardForm, near: Neighbour) -> RawAnswer | None:
    from portopt.optimization.neighbour import solved_from

    return solved_from(form, near)


def solve_beside(form: StandardForm, neighbour: RawAnswer | None) -> RawAnswer:
    """The optimum of a form close to one already answered: its polish starts there, and is solved afresh if it strays."""
    return polished_beside(form, neighbour) or _by_ladder(form, None)


def corrected_beside(form: StandardForm, neighbour: RawAnswer | None) -> RawAnswer | None:
    """The same by what stands where alone, for programs of weights, buys and sells: a tenth of what the polish takes.

    None for others, and where it is not come to within its budget. The optimum is the same but for its last digits.
    """
    from portopt.optimization.neighbour import is_known

    if neighbour is None or not is_known(neighbour) or form.integer.any() or form.hinges or crossing(form):
        return None
    from portopt.optimization.beside.answer import answer_beside

    return answer_beside(form, neighbour)


def _answer(form: StandardForm, *, solver: str | None, start: Vector | None) -> RawAnswer:
    """By the method that the form's parts ask for."""
    if form.ratio:
        from portopt.optimization.ratio.best_ratio import solve_ratio

        return solve_ratio(form, solver=solver)
    found = None
    if form.hinges and solver is None:
        from portopt.optimization.scenarios.solve import solve_hinges

        found = solve_hinges(form)
    if found is None and _has_exponentials(form) and solver is None:
        found = _with_exponentials(form, start)
    return found or _by_ladder(form, solver)


def _by_ladder(form: StandardForm, solver: str | None) -> RawAnswer:
    """Down the ladder of solvers, with the last digits where there are powers."""
    if _has_powers(form):
        from portopt.optimization.curved.powers import solve_powers

        return solve_powers(form, solver=solver)
    return solve_convex(form, solver=solver)


def _has_powers(form: StandardForm) -> bool:
    return any(cone.kind == "power" for cone in form.cones)


def _has_exponentials(form: StandardForm) -> bool:
    return any(cone.kind == "exponential" for cone in form.cones)


def _with_exponentials(form: StandardForm, start: Vector | None) -> RawAnswer | None:
    from portopt.optimization.curved.exponentials import exponential_sums, solve_entropic
    from portopt.optimization.curved.logarithms import logarithms, solve_log_barrier

    logs = logarithms(form)
    if logs is not None:
        return solve_log_barrier(form, logs, start=start)
    sums = exponential_sums(form)
    return None if sums is None else solve_entropic(form, sums)


def _in_whole_numbers(form: StandardForm, effort: float) -> RawAnswer:
    from portopt.optimization.integers.mixed_integer import solve_mixed_integer

    return solve_mixed_integer(form, _exact, effort=effort)


def solve_quickly(form: StandardForm) -> RawAnswer:
    """For questions on the way, where an answer good to 1e-9 will do: not polished where that saves time."""
    return _in_whole_numbers(form, QUICK) if form.integer.any() else _exact(form, False)


def _exact(form: StandardForm, polish: bool) -> RawAnswer:
    """A program without whole numbers, polished or not."""
    plain = not (form.ratio or form.hinges or _has_exponentials(form))
    return solve_convex(form, polish=False) if plain and not polish else solve(form)
