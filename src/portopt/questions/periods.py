"""A plan over several periods: what to hold in each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from portopt import formulation
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.errors import InvalidValue
from portopt.domain.found import PlannedPeriod, PlanOverPeriods
from portopt.questions.posed import Asked, prices_of, rests_on

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def periods(request: Asked, runtime: Runtime | None = None, *, until: Deadline = NEVER) -> PlanOverPeriods:
    """The whole plan of a multi_period request: weights, turnover and figures of every period, and its one certificate.

    runtime: to read a book's prices.
    """
    from portopt.construction.multi_period import plan_periods
    from portopt.terms.objectives.multi_period import MultiPeriod

    snapshot = prices_of(request, runtime)
    problem = formulation.as_asked(request, snapshot, until)
    if not isinstance(problem.objective, MultiPeriod):
        fix = 'write {"kind": "multi_period", "risk_aversion": 4, "periods": 4, "years": 0.25} for the objective'
        raise InvalidValue("objective", problem.objective.kind, "is not a plan over several periods", fix=fix)
    plan = plan_periods(problem)
    mu, covariance = plan.problem.moments.mu, problem.moments.covariance
    found, before = [], problem.w_prev
    for k, (period, w) in enumerate(zip(problem.objective.periods, plan.weights, strict=True)):
        turnover = None if before is None else 0.5 * float(np.abs(w - before).sum())
        expected = float(mu[k * problem.n : (k + 1) * problem.n] @ w)
        volatility = period.volatility_scale * covariance.volatility(w)
        found.append(PlannedPeriod(period.years, w, turnover, expected, volatility))
        before = w
    return PlanOverPeriods(problem, tuple(found), plan.validated.certificate, rests_on(snapshot, runtime))
