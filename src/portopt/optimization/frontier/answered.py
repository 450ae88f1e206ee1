"""An answer on the way to a larger one: there, proven not to be there, or not found."""

from __future__ import annotations

from portopt.domain.arrays import Vector
from portopt.domain.errors import InfeasibleRequest, OptimizerStopped
from portopt.domain.problem import Problem
from portopt.domain.solution import RawAnswer, SolveStatus


def weights_of(problem: Problem, raw: RawAnswer) -> Vector:
    """(n,) the weights of one program's answer.

    Raises InfeasibleRequest where no portfolio keeps the limits, OptimizerStopped where none was found.
    """
    if raw.status is SolveStatus.INFEASIBLE:
        raise InfeasibleRequest(
            f"there is no portfolio within these limits ({raw.solver})",
            field="limits",
            value=[limit.kind for limit in problem.limits],
        )
    if raw.status is not SolveStatus.OPTIMAL or raw.x is None:
        raise OptimizerStopped(raw.status.value, raw.message)
    return raw.x[: problem.n].copy()
