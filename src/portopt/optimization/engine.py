"""From a problem to its answer: assemble, solve, polish."""

from __future__ import annotations

from functools import partial

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.solution import RawAnswer, Solution, SolveStatus
from portopt.optimization.assemble import assemble
from portopt.optimization.convex import solve_convex
from portopt.optimization.faces import settled_on_face
from portopt.optimization.methods.entropic import exponential_sums, solve_entropic
from portopt.optimization.methods.hinges import solve_hinges
from portopt.optimization.methods.log_barrier import logarithms, solve_log_barrier
from portopt.optimization.methods.mixed_integer import solve_mixed_integer
from portopt.optimization.methods.ratio import solve_ratio
from portopt.optimization.penalties import solve_with_dear_wishes

QUICK_SECONDS = 2.0  # for one question in whole numbers; without an answer by then it stays open


def optimize(
    problem: Problem, *, form: StandardForm | None = None, solver: str | None = None, time_limit: float | None = None
) -> Solution:
    """The best portfolio for `problem`, or the reason there is none as its status.

    form: the problem already assembled. solver, time_limit (seconds): see `solve`.
    Raises NoExcessReturn and RisklessExcess for a Sharpe ratio that has no maximum.
    """
    form = assemble(problem) if form is None else form
    raw = solve(form, solver=solver, time_limit=time_limit, start=problem.target)
    weights = raw.x[: form.n_weights].copy() if raw.status is SolveStatus.OPTIMAL and raw.x is not None else None
    return Solution(raw.status, problem.identity(), weights, raw)


def solve(
    form: StandardForm, *, solver: str | None = None, time_limit: float | None = None, start: Vector | None = None
) -> RawAnswer:
    """Solve one standard form.

    solver: one of ladder.SOLVERS, to begin with that one instead of the first suitable. time_limit: seconds, kept by
    Clarabel and HiGHS themselves; PIQP takes a bounded number of iterations. start: (n,) weights to look near, for programs
    with logarithms; the optimum is the same without.
    """
    if form.integer.any():
        return solve_mixed_integer(form, _exact, time_limit=time_limit)
    method = partial(_answer, solver=solver, time_limit=time_limit, start=start)
    answer = partial(solve_with_dear_wishes, solve=method)
    raw = answer(form)
    return settled_on_face(form, raw, answer) or raw


def _answer(form: StandardForm, *, solver: str | None, time_limit: float | None, start: Vector | None) -> RawAnswer:
    """By the method that the form's parts ask for."""
    if form.ratio:
        return solve_ratio(form, solver=solver, time_limit=time_limit)
    found = solve_hinges(form, time_limit=time_limit) if form.hinges and solver is None else None
    if found is not None:
        return found
    logs = logarithms(form) if form.cones and solver is None else None
    if logs is not None:
        return solve_log_barrier(form, logs, start=start, time_limit=time_limit)
    sums = exponential_sums(form) if form.cones and solver is None else None
    found = None if sums is None else solve_entropic(form, sums, time_limit=time_limit)
    if found is not None:
        return found
    return solve_convex(form, solver=solver, time_limit=time_limit)


def solve_quickly(form: StandardForm) -> RawAnswer:
    """For questions on the way, where an answer good to 1e-9 will do: not polished where that saves time."""
    return solve(form, time_limit=QUICK_SECONDS) if form.integer.any() else _exact(form, False)


def _exact(form: StandardForm, polish: bool) -> RawAnswer:
    """A program without whole numbers, polished or not."""
    plain = not (form.ratio or form.hinges or any(cone.kind == "exponential" for cone in form.cones))
    return solve_convex(form, polish=False) if plain and not polish else solve(form)
