"""The least risk, by a measure of one's choice; volatility unless said otherwise."""

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
from portopt.terms.shared.checks import aversion, options
from portopt.terms.shared.risk import add_variance
from portopt.terms.shared.risk_priced import express_priced, priced

VOLATILITY = "volatility"
KNOWN = ("risk_aversion", "measure", *OPTIONS)


@dataclass(frozen=True, slots=True)
class MinRisk(Objective):
    """minimize  1/2 w'Sigma w,    or, with a risk aversion,    gamma/2 w'Sigma w + costs

    measure: another risk measure R (terms/risk_measures) in its place: 1/2 R(w)^2 where R is the root of a mean square, else
    R(w); times gamma with a risk aversion. confidence, horizon, target, radius, norm: of the measure, None where it has none.
    risk_aversion: gamma, annual return one would give up per unit of half variance (of R); it is what makes risk comparable
    with trading costs. Without it costs do not count here (a limit on turnover still does).
    Source: Markowitz (1952); the measures name their own.
    """

    risk_aversion: float | None = None
    measure: str = VOLATILITY
    confidence: float | None = None
    horizon: int | None = None
    target: float | None = None
    radius: float | None = None
    norm: str | None = None

    kind: ClassVar[str] = "min_risk"
    sense: ClassVar[str] = "minimize"
    linear: ClassVar[str] = "risk"  # a measure's own; it has no other

    def __post_init__(self) -> None:
        if self.risk_aversion is not None:
            object.__setattr__(self, "risk_aversion", aversion(self.risk_aversion))
        measure = self.risk
        for name in OPTIONS:
            object.__setattr__(self, name, getattr(measure, name, None))

    @property
    def risk(self) -> RiskMeasure:
        """R, with its options."""
        return parse_measure("objective", self.measure, {name: getattr(self, name) for name in OPTIONS})

    @property
    def unit(self) -> str:
        if self.measure == VOLATILITY:
            return "half variance"
        return "half square" if self.risk.is_root else "risk"

    @property
    def helpers(self) -> str:
        """What its helper columns pull for; the volatility has none of its own."""
        return "" if self.measure == VOLATILITY else "risk"

    @property
    def reads_scenarios(self) -> bool:
        return self.risk.scenario_based

    @property
    def charges_costs(self) -> bool:
        return self.risk_aversion is not None

    @property
    def scale(self) -> float:
        """gamma, or 1."""
        return 1.0 if self.risk_aversion is None else self.risk_aversion

    @property
    def gamma(self) -> float | None:
        return self.risk_aversion

    def express(self, program: Program, p: Problem) -> None:
        if self.measure == VOLATILITY:
            add_variance(program, p.moments.covariance, self.scale)
        else:
            express_priced(program, p, self.risk, self.scale)

    def value(self, w: Vector, p: Problem) -> float:
        if self.measure == VOLATILITY:
            return 0.5 * self.scale * p.moments.covariance.variance(w) + charges(w, p)
        return priced(w, p, self.risk, self.scale) + charges(w, p)

    def describe(self) -> str:
        name = VOLATILITY if self.measure == VOLATILITY else self.risk.describe()
        if self.risk_aversion is None:
            return f"the lowest {name}"
        return f"the lowest {name} after trading costs, at risk aversion {self.risk_aversion:g}"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> MinRisk:
        given = options("objective", spec, KNOWN, example='{"kind": "min_risk", "measure": "cvar", "confidence": 0.95}')
        return cls(**{name: value for name, value in given.items() if value is not None})
