"""Down the ladder of solvers to the first one with an answer, not yet polished.

linear, integer          HiGHS
quadratic, dense         PIQP dense, then Clarabel
quadratic, factor form   PIQP sparse, then Clarabel
cones                    Clarabel
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.program import StandardForm
from portopt.domain.solution import RawAnswer, SolveStatus
from portopt.optimization.presolve import Scaled, SolverAnswer, crossing, restored, scaled
from portopt.optimization.quadric import Quadric
from portopt.optimization.solvers import clarabel, highs, piqp

SOLVERS = ("piqp-dense", "piqp-sparse", "clarabel", "highs")
DENSE_COLUMNS = 700


def solve_interior(form: StandardForm, *, solver: str | None = None, time_limit: float | None = None) -> RawAnswer:
    """Down the ladder to the first solver with an answer, unpolished. A claim of infeasibility is confirmed first."""
    began = perf_counter()
    conflict = crossing(form)
    if conflict:
        return RawAnswer(SolveStatus.INFEASIBLE, None, None, "presolve", 0, perf_counter() - began, message=conflict)
    program = scaled(form)
    if len(program.columns) == 0:
        return _everything_fixed(program, began)
    answer = SolverAnswer(SolveStatus.FAILED, "none", message="no solver takes a quadratic or conic program in integers")
    for name in ladder(program, solver):
        answer = _call(name, program, time_limit)
        if answer.status in (SolveStatus.OPTIMAL, SolveStatus.TIME_LIMIT):
            break
        if answer.status is SolveStatus.INFEASIBLE and (name == "highs" or is_empty(program, time_limit)):
            break
        if answer.status is SolveStatus.UNBOUNDED and name in ("clarabel", "highs"):
            answer = replace(answer, status=SolveStatus.INFEASIBLE) if is_empty(program, time_limit) else answer
            break
    return restored(program, answer, perf_counter() - began)


def ladder(program: Scaled, first: str | None = None) -> tuple[str, ...]:
    """Which solvers to try, in order. Raises InvalidValue for a solver nobody knows."""
    if first is not None and first not in SOLVERS:
        raise InvalidValue("solver", first, "is not a solver of this engine", fix=f"use one of: {', '.join(SOLVERS)}")
    if program.integer.any():
        suitable: tuple[str, ...] = ("highs",) if program.P.is_zero and not program.cones else ()
    elif program.cones:
        suitable = ("clarabel",)
    elif program.P.is_zero:
        suitable = ("highs", "clarabel")
    elif program.P.is_dense and len(program.q) <= DENSE_COLUMNS:
        suitable = ("piqp-dense", "clarabel")
    else:
        suitable = ("piqp-sparse", "clarabel")
    if (
        first is None
        or program.integer.any()
        or (program.cones and first != "clarabel")
        or (first == "highs" and program.P is not None)
    ):
        return suitable
    return (first, *(name for name in suitable if name != first))


def is_empty(program: Scaled, time_limit: float | None = None) -> bool:
    """Whether no point at all satisfies the rows, the box and the cones: asked without the objective.

    The linear part is asked of a simplex, whose answer is a vertex or a proof; the cones of Clarabel.
    """
    none = np.zeros(len(program.q))
    bare = replace(program, P=Quadric.of((), len(none)), q=none)
    if highs.solve(replace(bare, cones=()), time_limit).status is SolveStatus.INFEASIBLE:
        return True
    return bool(program.cones) and clarabel.solve(bare, time_limit).status is SolveStatus.INFEASIBLE


def _call(name: str, program: Scaled, time_limit: float | None) -> SolverAnswer:
    if name == "highs":
        return highs.solve(program, time_limit)
    if name == "clarabel":
        return clarabel.solve(program, time_limit)
    return piqp.solve_dense(program) if name == "piqp-dense" else piqp.solve_sparse(program)


def _everything_fixed(program: Scaled, began: float) -> RawAnswer:
    """Every column is fixed by its bounds: the only candidate either satisfies the rows and cones or nothing does."""
    holds = bool(np.all(program.row_lower <= 1e-10) and np.all(program.row_upper >= -1e-10))
    holds = holds and not any(_outside(cone.kind, cone.b, cone.alpha) > 1e-10 for cone in program.cones)
    status = SolveStatus.OPTIMAL if holds else SolveStatus.INFEASIBLE
    nothing = np.zeros(0)
    answer = SolverAnswer(
        status,
        "presolve",
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
