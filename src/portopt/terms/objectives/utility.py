"""Expected return less a price for risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.risk_measures.catalog import OPTIONS, parse_measure
from portopt.terms.risk_measures.protocol import RiskMeasure
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import aversion, options, required
from portopt.terms.shared.risk import add_variance
from portopt.terms.shared.risk_priced import express_priced, priced

EXAMPLE = '{"kind": "utility", "risk_aversion": 4.0}'
VOLATILITY = "volatility"
KNOWN = ("risk_aversion", "measure", *OPTIONS)


@dataclass(frozen=True, slots=True)
class Utility(Objective):
    """maximize  mu'w - gamma/2 w'Sigma w - costs

    risk_aversion: gamma; 1 is the growth-optimal investor to second order, 2 to 10 customary.
    measure: another risk measure R in place of the volatility: gamma/2 R(w)^2 where R is the root of a mean square, else
    gamma R(w). Mind the units: mu is annual, R speaks of its own horizon.
    confidence, horizon, target, radius, norm: of the measure.
    Source: Markowitz (1952); Levy and Markowitz (1979) for the approximation.
    """

    risk_aversion: float
    measure: str = VOLATILITY
    confidence: float | None = None
    horizon: int | None = None
    target: float | None = None
    radius: float | None = None
    norm: str | None = None

    kind: ClassVar[str] = "utility"
    sense: ClassVar[str] = "maximize"
    unit: ClassVar[str] = "return"
    charges_costs: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "risk_aversion", aversion(self.risk_aversion))
        measure = self.risk
        for name in OPTIONS:
            object.__setattr__(self, name, getattr(measure, name, None))

    @property
    def risk(self) -> RiskMeasure:
        """R, with its options."""
        return parse_measure("objective", self.measure, {name: getattr(self, name) for name in OPTIONS})

    @property
    def helpers(self) -> str:
        """What its helper columns pull for; the volatility has none of its own."""
        return "" if self.measure == VOLATILITY else "risk"

    @property
    def reads_scenarios(self) -> bool:
        return self.risk.scenario_based

    @property
    def gamma(self) -> float | None:
        return self.risk_aversion

    def express(self, program: Program, p: Problem) -> None:
        if self.measure == VOLATILITY:
            add_variance(program, p.moments.covariance, self.risk_aversion)
        else:
            express_priced(program, p, self.risk, self.risk_aversion)
        program.add_linear(program.weights, -p.moments.mu)

    def value(self, w: Vector, p: Problem) -> float:
        if self.measure == VOLATILITY:
            risk = 0.5 * self.risk_aversion * p.moments.covariance.variance(w)
        else:
            risk = priced(w, p, self.risk, self.risk_aversion)
        return float(p.moments.mu @ w) - risk - charges(w, p)

    def describe(self) -> str:
        of = "" if self.measure == VOLATILITY else f" on {self.risk.describe()}"
        return f"the best expected return after risk and trading costs, at risk aversion {self.risk_aversion:g}{of}"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> Utility:
        given = options("objective", spec, KNOWN, example=EXAMPLE)
        required("objective", given, "risk_aversion", example=EXAMPLE)
        return cls(**{name: value for name, value in given.items() if value is not None})
