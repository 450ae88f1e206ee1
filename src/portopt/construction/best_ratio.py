"""The portfolio with the most excess return per unit of a risk measure, under the problem's own limits: Dinkelbach's steps
(optimization/ratio/rates.py), each the problem itself with the last portfolio as its target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import DataError, RequestError
from portopt.domain.problem import Problem
from portopt.domain.solution import RawAnswer, SolveStatus
from portopt.optimization import assemble, solve
from portopt.optimization.ratio.best_ratio import NoExcessReturn
from portopt.optimization.ratio.rates import Asked, of_answer, search_rates
from portopt.optimization.scenarios.solve import solve_hinges
from portopt.terms.objectives.max_ratio import MaxRatio

STEPS = 50
SETTLED = 1e-14
LEAST_EXCESS = 1e-12
LEAST_RISK = 1e-12


class RisklessRatio(RequestError):
    """A portfolio within the limits has excess return and no positive risk: the ratio has no maximum."""

    code = "riskless_excess_return"

    def __init__(self, measure: str, excess: float, risk: float) -> None:
        super().__init__(
            f"a portfolio within these limits is expected to earn {excess:.4%} a year more than the risk-free rate, and its "
            f"{measure} is {risk:.6f}: without a positive risk the ratio has no maximum",
            field="objective.measure",
            value=measure,
            measured={"excess_return": excess, "risk": risk},
            fixes=["raise the confidence of the measure", "use a longer history", 'use {"kind": "utility"} with that measure'],
        )


def best_ratio_target(problem: Problem) -> Vector:
    """(n,) the portfolio of the highest ratio; the book before the trade (or equal weights) where the limits leave none.

    Raises NoExcessReturn where no portfolio earns more than the risk-free rate, RisklessRatio where one does without risk.
    """
    objective = problem.objective
    if not isinstance(objective, MaxRatio):
        raise DataError("the portfolio of the best ratio is constructed for its own objective", field="objective.kind")
    w = np.full(problem.n, 1.0 / problem.n) if problem.w_prev is None else np.asarray(problem.w_prev)
    steps = _Steps(problem, objective, w)
    search_rates(steps.ask, 0.0, of_answer, STEPS)
    return steps.w


@dataclass(slots=True)
class _Steps:
    """w: (n,) the portfolio of the highest ratio so far. answer: of the program before, where the next one starts."""

    problem: Problem
    objective: MaxRatio
    w: Vector
    answer: RawAnswer | None = None

    def ask(self, ratio: float) -> Asked | None:
        problem, objective = self.problem, self.objective
        priced = problem.replaced(target=self.w)
        self.answer = _optimum(priced, self.answer)
        if self.answer.status is not SolveStatus.OPTIMAL or self.answer.x is None:
            return None
        found = self.answer.x[: problem.n].copy()
        excess, risk = objective.excess(found, problem), objective.risk.value(found, problem)
        if excess <= LEAST_EXCESS:
            if objective.best(priced)[0] == 0.0:  # nothing was asked for but return
                raise NoExcessReturn(excess)
            _require_risk_between(problem, objective, self.w, found)
            return None  # the ratio of w, taken down towards a riskless portfolio, stays the same: no other is above it
        if risk <= LEAST_RISK:
            raise RisklessRatio(objective.measure, excess, risk)
        self.w = found if excess / risk > ratio else self.w
        return Asked(ratio, excess, risk) if excess / risk > ratio * (1.0 + SETTLED) else None


def _require_risk_between(problem: Problem, objective: MaxRatio, w: Vector, found: Vector) -> None:
    """Raises RisklessRatio where a mix of w and a portfolio of negative risk (cash that earns) has no risk and some excess."""
    above, below = objective.risk.value(w, problem), objective.risk.value(found, problem)
    if below >= -LEAST_RISK:
        return
    share = above / (above - below)  # of `found`: by convexity the mix has at most no risk
    mix = (1.0 - share) * w + share * found
    excess = objective.excess(mix, problem)
    if excess > LEAST_EXCESS:
        raise RisklessRatio(objective.measure, excess, objective.risk.value(mix, problem))


def _optimum(problem: Problem, near: RawAnswer | None) -> RawAnswer:
    form = assemble(problem)
    warm = solve_hinges(form, near=near.x) if form.hinges and near is not None and near.x is not None else None
    return solve(form) if warm is None else warm
