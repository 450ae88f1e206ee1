"""The least variance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.terms.checks import aversion, options
from portopt.terms.objectives.charges import charges
from portopt.terms.risk import add_variance


@dataclass(frozen=True, slots=True)
class MinRisk:
    """minimize  1/2 w'Sigma w,    or, with a risk aversion,    gamma/2 w'Sigma w + costs

    risk_aversion: gamma, annual return one would give up per unit of half variance; it is what makes risk comparable
    with trading costs. Without it costs do not count here (a limit on turnover still does).
    Source: Markowitz (1952).
    """

    risk_aversion: float | None = None

    kind: ClassVar[str] = "min_risk"
    sense: ClassVar[str] = "minimize"
    unit: ClassVar[str] = "half variance"

    def __post_init__(self) -> None:
        if self.risk_aversion is not None:
            object.__setattr__(self, "risk_aversion", aversion(self.risk_aversion))

    @property
    def charges_costs(self) -> bool:
        return self.risk_aversion is not None

    @property
    def scale(self) -> float:
        """gamma, or 1."""
        return 1.0 if self.risk_aversion is None else self.risk_aversion

    def express(self, program: Program, p: Problem) -> None:
        add_variance(program, p.moments.covariance, self.scale)

    def value(self, w: Vector, p: Problem) -> float:
        return 0.5 * self.scale * p.moments.covariance.variance(w) + charges(w, p)

    def describe(self) -> str:
        if self.risk_aversion is None:
            return "the lowest volatility"
        return f"the lowest volatility after trading costs, at risk aversion {self.risk_aversion:g}"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> MinRisk:
        given = options("objective", spec, ("risk_aversion",), example='{"kind": "min_risk"}')
        return cls(given.get("risk_aversion"))
