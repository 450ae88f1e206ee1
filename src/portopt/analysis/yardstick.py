"""One policy's objective held against any book: what the book is worth to it, and what it gives up.

    utility, and whatever is a return after a price for risk      ce(w) = value(w)
    a ratio of excess return to volatility, S* at its best w*     ce(w) = rf + S(w) sigma(w) - gamma/2 sigma(w)^2,
                                                                  gamma = S* / sigma(w*)
    anything else                                                 none: it weighs no return against a risk

With that gamma the best ratio is also the highest certain-equivalent return within the same limits: no book that keeps them has
S sigma - gamma/2 sigma^2 above S* sigma(w*) / 2. So what is given up is never negative for a book that keeps every limit.
Source: Markowitz (1959) for the certain equivalent; Best and Grauer (1990) for gamma at a tangency portfolio.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np

from portopt.analysis.figures import figures
from portopt.domain.arrays import Vector
from portopt.domain.certificate import Tolerances
from portopt.domain.choices import Broken, Measured, Worth
from portopt.domain.holdings import to_cents
from portopt.domain.problem import Limit, Problem

SQUARED = {"half variance": "volatility", "half square": "risk", "squared distance": "distance"}
HOLDS = Tolerances().feasibility


@dataclass(frozen=True, eq=False)
class Yardstick:
    """problem: the policy's. best: (n,) its certified optimum; None where it has none, and nothing is priced."""

    problem: Problem
    best: Vector | None

    def measured(self, w: Vector) -> Measured:
        """A book of weights w (n,) in every figure."""
        p = self.problem
        turnover = 0.0 if p.w_prev is None else 0.5 * float(np.abs(w - p.w_prev).sum())
        return Measured(
            weights=w,
            figures=figures(p, w),
            turnover=turnover,
            cost=sum(cost.value(w, p) for cost in p.costs),
            drift=None if self.best is None else 0.5 * float(np.abs(w - self.best).sum()),
            worth=None if self.best is None else self.worth(w),
            broken=broken(p, w),
            esg_score=esg_score(p, w),
            tax=tax_money(p, w),
        )

    def worth(self, w: Vector) -> Worth:
        """Raises ValueError without a best book: nothing is given up against none."""
        if self.best is None:
            raise ValueError("there is no optimum to compare with")
        sign = 1.0 if self.problem.objective.sense == "maximize" else -1.0
        at, ce, best = self.value(w), self.certain_equivalent(w), self.certain_equivalent(self.best)
        lost = None if ce is None or best is None else best - ce
        return Worth(self.unit, at, sign * (self.value(self.best) - at), ce, lost)

    @property
    def unit(self) -> str:
        """What the value counts in, in words."""
        objective = self.problem.objective
        if self._is_return:
            return "return"
        if objective.unit == "ratio":
            return "Sharpe ratio"
        if objective.divides:
            return "ratio"
        if not self._is_square:
            return objective.unit
        return "tracking error" if objective.about_benchmark else SQUARED[objective.unit]

    def value(self, w: Vector) -> float:
        """The objective at w in that unit: half a square is told as its root, a ratio by its measure as the ratio."""
        objective, p = self.problem.objective, self.problem
        if objective.divides:
            return objective.ratio(w, p)
        value = objective.value(w, p)
        return float(np.sqrt(max(2.0 * value, 0.0))) if self._is_square else value

    def certain_equivalent(self, w: Vector) -> float | None:
        """An annual fraction; None where the objective weighs no return against a risk."""
        p = self.problem
        if self._is_return:
            value = p.objective.value(w, p)
            return value if p.objective.sense == "maximize" else -value
        if self.gamma is None:
            return None
        sigma = p.objective.volatility(w, p)
        return p.risk_free_rate + self._excess(w) - 0.5 * self.gamma * sigma**2

    @cached_property
    def gamma(self) -> float | None:
        """The risk aversion at which the best ratio is the best utility; None for every other objective."""
        p = self.problem
        if self.best is None or p.objective.unit != "ratio" or p.objective.divides:
            return None
        sigma = p.objective.volatility(self.best, p)
        return self._excess(self.best) / sigma**2 if sigma > 0.0 else None

    def _excess(self, w: Vector) -> float:
        """Of a ratio: what is above the line, costs and soft shortfalls taken off."""
        sigma = self.problem.objective.volatility(w, self.problem)
        return self.problem.objective.value(w, self.problem) * sigma if sigma > 0.0 else 0.0

    @property
    def _is_return(self) -> bool:
        objective = self.problem.objective
        priced = objective.gamma is not None and objective.unit in (*SQUARED, "risk")
        return not objective.divides and (objective.unit == "return" or priced)

    @property
    def _is_square(self) -> bool:
        return not self._is_return and self.problem.objective.unit in SQUARED


def broken(problem: Problem, w: Vector) -> tuple[Broken, ...]:
    """Every limit that w (n,) misses by more than the audit lets pass, the one told first that a desk looks at first."""
    found = [miss for limit in problem.limits if (miss := _miss(limit, problem, w)) is not None]
    return tuple(found)


def _miss(limit: Limit, problem: Problem, w: Vector) -> Broken | None:
    reading = limit.read(w, problem)
    slack = reading.slack()
    if not len(slack) or float(slack.min()) >= -HOLDS:
        return None
    i = int(slack.argmin())
    measured, lower, upper = float(reading.measured[i]), float(reading.lower[i]), float(reading.upper[i])
    bound = upper if measured > upper else lower
    others = int((slack < -HOLDS).sum()) - 1
    by = float(-slack[i])
    return Broken(limit.kind, reading.members[i], measured, bound, by, reading.unit, limit.describe(), limit.soft, others)


def tax_money(problem: Problem, w: Vector) -> Decimal | None:
    """What the sales that lead to w (n,) add to the year's tax, to the cent; None where no tax is estimated."""
    if problem.lots is None:
        return None
    from portopt.terms.shared.lot_choice import lot_choice

    return to_cents(Decimal(lot_choice(w, problem).due * problem.lots.value))


def esg_score(problem: Problem, w: Vector) -> float | None:
    """The score of the part of the book that is scored; None where none of it is."""
    scores = np.array([np.nan if a.esg_score is None else a.esg_score for a in problem.universe.assets])
    scored = ~np.isnan(scores)
    total = float(w[scored].sum())
    return float(w[scored] @ scores[scored]) / total if total > HOLDS else None
