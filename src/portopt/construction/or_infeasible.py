"""What cannot be constructed because no portfolio keeps the limits is infeasible, and told so with its diagnosis."""

from __future__ import annotations

from portopt.construction.catalog import construct
from portopt.domain.errors import DataError
from portopt.domain.infeasible import infeasible_request
from portopt.domain.problem import Problem
from portopt.domain.solution import SolveStatus


def constructed(problem: Problem) -> Problem:
    """The problem with the portfolio its objective refers to, where it refers to one. Raises InfeasibleRequest."""
    try:
        return construct(problem)
    except DataError:
        _refuse_infeasible(problem)
        raise


def _refuse_infeasible(problem: Problem) -> None:
    """Raises InfeasibleRequest when no portfolio satisfies the limits, whatever the objective asks for."""
    from portopt import optimization
    from portopt.diagnosis import check_before, diagnose
    from portopt.terms.catalog import parse_objective

    plain = problem.replaced(objective=parse_objective({"kind": "min_risk"}))
    form = optimization.assemble(plain)
    infeasible = check_before(plain, form) is not None or (
        optimization.optimize(plain, form=form).status is SolveStatus.INFEASIBLE
    )
    if infeasible:
        raise infeasible_request(plain, diagnose(plain))
