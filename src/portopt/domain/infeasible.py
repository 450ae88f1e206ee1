"""A Diagnosis as the problem object that leaves: which limits conflict, why, and what was tried that works."""

from __future__ import annotations

from collections.abc import Sequence

from portopt.domain.canonical import plain
from portopt.domain.diagnosis import Diagnosis
from portopt.domain.errors import InfeasibleRequest, InvalidValue, PortoptError
from portopt.domain.problem import Problem, describe_term


def infeasible_request(
    problem: Problem, diagnosis: Diagnosis, set_aside: Sequence[str] = (), more_fixes: Sequence[str] = ()
) -> PortoptError:
    """The exception of a surface for an infeasible problem. Every fix in it was solved before it is named.

    set_aside: what was found wrong with the data of assets that are therefore frozen; often the real reason.
    more_fixes: sentences on what else was solved and holds, told first.
    Where no limits conflict it is the objective that has no value at any portfolio they leave, and is refused for that.
    """
    if problem.objective.without_value and not any(conflict.limits for conflict in diagnosis.conflicts):
        return InvalidValue("objective", problem.objective.kind, problem.objective.without_value)
    told = f"{diagnosis.sentence()}. First look at the data: {'; '.join(set_aside)}" if set_aside else diagnosis.sentence()
    involved = {kind for conflict in diagnosis.conflicts for kind in conflict.limits}
    limits = {limit.kind: limit.describe() for limit in problem.limits if limit.kind in involved}
    asked = {limit.kind: describe_term(limit) for limit in problem.limits if limit.kind in involved}
    return InfeasibleRequest(
        told,
        field="limits",
        value=plain(asked),
        measured={
            "data_set_aside": list(set_aside),
            "limits": limits,
            "conflicts": [plain(conflict) for conflict in diagnosis.conflicts],
            "all_conflicts_found": diagnosis.complete,
            "found_by": diagnosis.found_by,
            "insufficient_alone": list(diagnosis.insufficient),
            "fixes": [plain(fix) for fix in diagnosis.fixes if fix.verified],
        },
        fixes=[*more_fixes, *(fix.summary for fix in diagnosis.fixes if fix.verified)],
    )
