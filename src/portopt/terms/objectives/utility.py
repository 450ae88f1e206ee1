"""Expected return less a price for risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.terms.checks import aversion, options, required
from portopt.terms.objectives.charges import charges
from portopt.terms.risk import add_variance

EXAMPLE = '{"kind": "utility", "risk_aversion": 4.0}'


@dataclass(frozen=True, slots=True)
class Utility:
    """maximize  mu'w - gamma/2 w'Sigma w - costs

    risk_aversion: gamma; 1 is the growth-optimal investor to second order, 2 to 10 customary.
    Source: Markowitz (1952); Levy and Markowitz (1979) for the approximation.
    """

    risk_aversion: float

    kind: ClassVar[str] = "utility"
    sense: ClassVar[str] = "maximize"
    unit: ClassVar[str] = "return"
    charges_costs: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "risk_aversion", aversion(self.risk_aversion))

    def express(self, program: Program, p: Problem) -> None:
        add_variance(program, p.moments.covariance, self.risk_aversion)
        program.add_linear(program.weights, -p.moments.mu)

    def value(self, w: Vector, p: Problem) -> float:
        risk = 0.5 * self.risk_aversion * p.moments.covariance.variance(w)
        return float(p.moments.mu @ w) - risk - charges(w, p)

    def describe(self) -> str:
        return f"the best expected return after risk and trading costs, at risk aversion {self.risk_aversion:g}"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> Utility:
        given = options("objective", spec, ("risk_aversion",), example=EXAMPLE)
        return cls(required("objective", given, "risk_aversion", example=EXAMPLE))
