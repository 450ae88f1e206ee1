"""The best utility that is certain: whatever the beliefs in a set turn out to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import aversion, options, required
from portopt.terms.shared.risk import add_variance
from portopt.terms.uncertainty.covariances import CovarianceBox, CovarianceFactors, covariance_set
from portopt.terms.uncertainty.expected_returns import ReturnBox, ReturnEllipsoid, return_set

EXAMPLE = '{"kind": "robust_utility", "risk_aversion": 4.0, "returns": {"set": "ellipsoid", "confidence": 0.95}}'


@dataclass(frozen=True, slots=True)
class RobustUtility(Objective):
    """maximize  min over mu, S in their sets of  mu'w - gamma/2 w'S w,   less costs

    returns, covariance: the sets (terms/uncertainty/); None takes the estimate as it is. The sets are separate, so the worst
    of both is the worst of each.
    Sources: Goldfarb and Iyengar (2003); Tutuncu and Koenig (2004).
    """

    risk_aversion: float
    returns: ReturnBox | ReturnEllipsoid | None = None
    covariance: CovarianceBox | CovarianceFactors | None = None

    kind: ClassVar[str] = "robust_utility"
    helpers: ClassVar[str] = "uncertainty"  # what its helper columns pull for
    sense: ClassVar[str] = "maximize"
    unit: ClassVar[str] = "return"
    charges_costs: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "risk_aversion", aversion(self.risk_aversion))
        object.__setattr__(self, "returns", return_set("objective.returns", self.returns))
        object.__setattr__(self, "covariance", covariance_set("objective.covariance", self.covariance))

    @property
    def gamma(self) -> float | None:
        return self.risk_aversion

    def express(self, program: Program, p: Problem) -> None:
        program.add_linear(program.weights, -p.moments.mu)
        add_worst_variance(program, p, self.covariance, self.risk_aversion)
        add_penalty(program, p, self.returns)

    def value(self, w: Vector, p: Problem) -> float:
        risk = 0.5 * self.risk_aversion * worst_variance(w, p, self.covariance)
        return worst_return(w, p, self.returns) - risk - charges(w, p)

    def describe(self) -> str:
        sets = [given.describe() for given in (self.returns, self.covariance) if given is not None]
        worst = f", at the worst of {' and '.join(sets)}" if sets else ""
        return f"the best expected return after risk and trading costs, at risk aversion {self.risk_aversion:g}{worst}"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> RobustUtility:
        given = options("objective", spec, ("risk_aversion", "returns", "covariance"), example=EXAMPLE)
        gamma = required("objective", given, "risk_aversion", example=EXAMPLE)
        return cls(gamma, given.get("returns"), given.get("covariance"))


def add_penalty(program: Program, p: Problem, returns: ReturnBox | ReturnEllipsoid | None) -> None:
    """Charge what the worst expected returns take away."""
    if returns is not None:
        c, columns = returns.express(program, p)
        program.add_linear(columns, c)


def add_worst_variance(
    program: Program, p: Problem, covariance: CovarianceBox | CovarianceFactors | None, scale: float
) -> None:
    """Add scale/2 times the worst variance to the objective."""
    if covariance is None:
        add_variance(program, p.moments.covariance, scale)
    else:
        covariance.express(program, p, scale)


def worst_return(w: Vector, p: Problem, returns: ReturnBox | ReturnEllipsoid | None) -> float:
    """The least expected return in the set, annual.

    w: (n,) weights.
    """
    return float(p.moments.mu @ w) - (0.0 if returns is None else returns.penalty(w, p))


def worst_variance(w: Vector, p: Problem, covariance: CovarianceBox | CovarianceFactors | None) -> float:
    """The largest variance in the set, annual.

    w: (n,) weights.
    """
    return p.moments.covariance.variance(w) if covariance is None else covariance.variance(w, p)
