"""A problem in its own words becomes a program: every term speaks, in order."""

from __future__ import annotations

from portopt.domain.problem import Problem
from portopt.domain.program import Program, StandardForm


def assemble(problem: Problem, *, multiples: bool = False) -> StandardForm:
    """The standard form of `problem`: objective, costs, limits.

    multiples: for one of many on one covariance, which they then share (domain/program.py: Quadratic).
    Raises DataError where a term needs something the problem does not bring (current weights, a benchmark).
    """
    program = Program(problem.n, problem.until)
    problem.objective.express(program, problem)
    for cost in problem.costs:
        cost.express(program, problem)
    if problem.tax is not None:
        problem.tax.express(program, problem)
    for limit in problem.limits:
        limit.express(program, problem)
    return program.freeze(multiples=multiples)
