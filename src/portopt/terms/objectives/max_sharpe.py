"""The most excess return per unit of risk."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import options
from portopt.terms.shared.risk import add_variance


@dataclass(frozen=True, slots=True)
class MaxSharpe(Objective):
    """maximize  (mu'w - rf - costs) / sqrt(w'Sigma w)

    Costs are annual: what trading costs over the holding period. Cash earns its own mu; weights with cash add to 1.
    Source: Sharpe (1966, 1994).
    """

    kind: ClassVar[str] = "max_sharpe"
    sense: ClassVar[str] = "maximize"
    unit: ClassVar[str] = "ratio"
    charges_costs: ClassVar[bool] = True

    def express(self, program: Program, p: Problem) -> None:
        program.ratio = True
        add_variance(program, p.moments.covariance)
        program.add_linear(program.weights, -p.moments.mu)
        program.constant += p.risk_free_rate

    def value(self, w: Vector, p: Problem) -> float:
        """The ratio after costs; plus or minus infinity where there is no risk."""
        excess = float(p.moments.mu @ w) - p.risk_free_rate - charges(w, p)
        sigma = p.moments.covariance.volatility(w)
        if sigma > 0.0:
            return excess / sigma
        return math.inf if excess > 0.0 else -math.inf

    def describe(self) -> str:
        return "the highest Sharpe ratio: expected return over the risk-free rate, per unit of volatility"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> MaxSharpe:
        options("objective", spec, (), example='{"kind": "max_sharpe"}')
        return cls()
