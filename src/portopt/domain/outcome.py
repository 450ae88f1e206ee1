"""Everything one rebalance produced, together: what reports, stores and surfaces read from."""

from __future__ import annotations

from dataclasses import dataclass

from portopt.domain.certificate import ValidatedSolution
from portopt.domain.diagnosis import Diagnosis, GaveWay
from portopt.domain.explanation import Explanation, Frontier
from portopt.domain.market import MarketSnapshot
from portopt.domain.plan import RebalancePlan
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.request import RebalanceRequest


@dataclass(frozen=True, slots=True, eq=False)
class RebalanceOutcome:
    """A finished rebalance. run_id: `reb-…`, from the content of the request and the pricing pack.

    form: the program that was solved, whose multipliers the document carries; None where they are not told.
    problem: as solved, after any relaxation; asked: as first formulated. gave_way: what the priority order gave up;
    diagnosis: the conflict that made it necessary, None when nothing had to give way.
    """

    run_id: str
    request: RebalanceRequest
    snapshot: MarketSnapshot
    asked: Problem
    problem: Problem
    validated: ValidatedSolution
    plan: RebalancePlan
    explanation: Explanation
    frontier: Frontier | None
    form: StandardForm | None = None
    gave_way: tuple[GaveWay, ...] = ()
    diagnosis: Diagnosis | None = None
