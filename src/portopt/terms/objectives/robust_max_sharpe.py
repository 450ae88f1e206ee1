"""The best Sharpe ratio that is certain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.objectives.robust_utility import add_penalty, add_worst_variance, worst_return, worst_variance
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import options
from portopt.terms.uncertainty.covariances import CovarianceBox, CovarianceFactors, covariance_set
from portopt.terms.uncertainty.expected_returns import ReturnBox, ReturnEllipsoid, return_set

EXAMPLE = '{"kind": "robust_max_sharpe", "returns": {"set": "ellipsoid", "radius": 0.5}}'


@dataclass(frozen=True, slots=True)
class RobustMaxSharpe(Objective):
    """maximize  (min mu'w - rf - costs) / sqrt(max w'S w),  over the sets

    The worst excess return must be positive somewhere within the limits: a set so wide that it is not has no such ratio.
    Source: Goldfarb and Iyengar (2003), section 3.3.
    """

    returns: ReturnBox | ReturnEllipsoid | None = None
    covariance: CovarianceBox | CovarianceFactors | None = None

    kind: ClassVar[str] = "robust_max_sharpe"
    helpers: ClassVar[str] = "uncertainty"  # what its helper columns pull for
    sense: ClassVar[str] = "maximize"
    unit: ClassVar[str] = "ratio"
    charges_costs: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "returns", return_set("objective.returns", self.returns))
        object.__setattr__(self, "covariance", covariance_set("objective.covariance", self.covariance))

    def express(self, program: Program, p: Problem) -> None:
        program.ratio = True
        add_worst_variance(program, p, self.covariance, 1.0)
        program.add_linear(program.weights, -p.moments.mu)
        add_penalty(program, p, self.returns)
        program.constant += p.risk_free_rate

    def value(self, w: Vector, p: Problem) -> float:
        """The worst ratio after costs; plus or minus infinity where there is no risk."""
        excess = worst_return(w, p, self.returns) - p.risk_free_rate - charges(w, p)
        sigma = self.volatility(w, p)
        if sigma > 0.0:
            return excess / sigma
        return math.inf if excess > 0.0 else -math.inf

    def volatility(self, w: Vector, p: Problem) -> float:
        """What the ratio divides by: the worst volatility, annual.

        w: (n,) weights.
        """
        return math.sqrt(worst_variance(w, p, self.covariance))

    def describe(self) -> str:
        sets = [given.describe() for given in (self.returns, self.covariance) if given is not None]
        return f"the highest Sharpe ratio{', at the worst of ' if sets else ''}{' and '.join(sets)}"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> RobustMaxSharpe:
        given = options("objective", spec, ("returns", "covariance"), example=EXAMPLE)
        return cls(given.get("returns"), given.get("covariance"))
