"""A problem in its own words becomes a program: every term speaks, in order."""

from __future__ import annotations

from portopt.domain.problem import Problem
from portopt.domain.program import Program, StandardForm


def assemble(problem: Problem) -> StandardForm:
    """The standard form of `problem`: objective, costs, limits.

    Raises DataError where a term needs something the problem does not bring (current weights, a benchmark).
    """
    program = Program(problem.n, problem.until)
    problem.objective.express(program, problem)
    for cost in problem.costs:
        cost.express(program, problem)
    for limit in problem.limits:
        limit.express(program, problem)
    return program.freeze()
