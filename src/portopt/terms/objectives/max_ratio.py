"""The most excess return per unit of risk, by a measure of one's choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.risk_measures.catalog import OPTIONS, parse_measure
from portopt.terms.risk_measures.protocol import RiskMeasure
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import options

EXAMPLE = '{"kind": "max_ratio", "measure": "cvar", "confidence": 0.95}'


@dataclass(frozen=True, slots=True)
class MaxRatio(Objective):
    """maximize  N(w) / R(w),   N(w) = mu'w - rf - costs

    In the program, at the best ratio S = N(h) / R(h) of all portfolios within the limits, h = `Problem.target`:

        maximize  N(w) - S (R(w) - R(h))

    Where no portfolio is worth more than N(h), none has N(w) > S R(w): S is the highest ratio, and h has it. The audit holds
    the two together. N is annual; R is in its own unit, over its own horizon, so that ratios of two measures do not compare.
    measure, confidence, horizon, target, radius, norm: of R, any convex risk measure; with volatility this is max_sharpe.
    Source: Charnes and Cooper (1962); Dinkelbach (1967) for how S is found; Stoyanov, Rachev and Fabozzi (2007).
    """

    measure: str = "cvar"
    confidence: float | None = None
    horizon: int | None = None
    target: float | None = None
    radius: float | None = None
    norm: str | None = None

    kind: ClassVar[str] = "max_ratio"
    construction: ClassVar[str] = "best ratio"
    sense: ClassVar[str] = "maximize"
    unit: ClassVar[str] = "return"
    charges_costs: ClassVar[bool] = True
    divides: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.measure == "var":
            raise InvalidValue(
                "objective.measure", "var", "VaR is not convex: a ratio with it has many peaks", fix='write "cvar"'
            )
        measure = self.risk
        for name in OPTIONS:
            object.__setattr__(self, name, getattr(measure, name, None))

    @property
    def risk(self) -> RiskMeasure:
        """R, with its options."""
        return parse_measure("objective", self.measure, {name: getattr(self, name) for name in OPTIONS})

    @property
    def reads_scenarios(self) -> bool:
        return self.risk.scenario_based

    def ratio(self, w: Vector, p: Problem) -> float:
        """N(w) / R(w).

        w: (n,) weights.
        """
        return self.excess(w, p) / self.risk.value(w, p)

    def excess(self, w: Vector, p: Problem) -> float:
        """N(w).

        w: (n,) weights; annual.
        """
        return float(p.moments.mu @ w) - p.risk_free_rate - charges(w, p)

    def express(self, program: Program, p: Problem) -> None:
        S, at = self.best(p)
        bound = self.risk.express(program, p)
        program.add_linear(bound.columns, S * bound.coefficients)
        program.add_linear(program.weights, -p.moments.mu)
        program.constant += p.risk_free_rate + S * (bound.constant - at)

    def value(self, w: Vector, p: Problem) -> float:
        S, at = self.best(p)
        return self.excess(w, p) - S * (self.risk.value(w, p) - at)

    def describe(self) -> str:
        return f"the most expected return over the risk-free rate per unit of {self.risk.describe()}"

    def best(self, p: Problem) -> tuple[float, float]:
        """(S, R(h)). A negative S would pay for risk; a portfolio without risk has no ratio: both price it at nothing."""
        h = p.constructed()
        risk = self.risk.value(h, p)
        return (max(self.excess(h, p), 0.0) / risk if risk > 0.0 else 0.0), risk

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> MaxRatio:
        given = options("objective", spec, ("measure", *OPTIONS), example=EXAMPLE)
        return cls(**{name: value for name, value in given.items() if value is not None})
