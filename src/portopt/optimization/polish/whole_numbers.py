"""Programs in whole numbers: the last digits of their answers, which limits bring them in, and the problem without those."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.domain.solution import SolveStatus
from portopt.optimization.scaling.presolve import Scaled, SolverAnswer
from portopt.optimization.solvers import highs


def settled(program: Scaled, answer: SolverAnswer) -> SolverAnswer:
    """The answer with its integer columns at whole numbers and the linear program that this leaves solved exactly.

    Branch and cut keeps rows and whole numbers to 1e-9 each; times a large coefficient that is no longer the last digit.
    The gap is the search's own. The answer as it came where it has no point, or rounding leaves nothing.
    """
    whole = np.flatnonzero(program.integer)
    if answer.x is None or not len(whole) or not program.P.is_zero or program.cones:
        return answer
    lower, upper = program.lower.copy(), program.upper.copy()
    lower[whole] = upper[whole] = np.round(answer.x[whole])
    fixed = replace(program, lower=lower, upper=upper, integer=np.zeros(len(program.integer), dtype=bool))
    exact = highs.solve(fixed)
    if exact.status is not SolveStatus.OPTIMAL or exact.x is None:
        return answer
    return replace(answer, x=exact.x)


def whole_number_limits(problem: Problem) -> tuple[str, ...]:
    """Kinds of the limits that speak in whole numbers: how many positions, which lots."""
    found = []
    for limit in problem.limits:
        program = Program(problem.n, problem.until)
        limit.express(program, problem)
        if program.in_whole_numbers:
            found.append(limit.kind)
    return tuple(found)


def without_whole_numbers(problem: Problem) -> tuple[Problem, tuple[str, ...]]:
    """The problem without the limits that speak in whole numbers, and their kinds; itself, and none, where none does."""
    left = whole_number_limits(problem)
    return (problem.replaced(limits=tuple(k for k in problem.limits if k.kind not in left)) if left else problem), left
