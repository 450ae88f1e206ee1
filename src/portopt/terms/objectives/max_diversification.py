"""The most diversified portfolio: the most volatility of its parts for each unit of volatility of the whole."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import DataError
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import options
from portopt.terms.shared.risk import add_variance


@dataclass(frozen=True, slots=True)
class MaxDiversification(Objective):
    """maximize  sigma'w / sqrt(w'Sigma w),   sigma_i = sqrt(Sigma_ii)

    The diversification ratio: one where everything moves together, the root of n for n assets of no correlation. Expected
    returns have no part in it; cash has no volatility and adds to neither side, so limits decide how much of it there is.
    Long only and without other limits the answer is inverse to volatility in the portfolio of least risk of the correlations:
    w_i in proportion to x_i / sigma_i, x = argmin x'C x over 1'x = 1, x >= 0.
    Source: Choueifaty and Coignard (2008), Toward maximum diversification.
    """

    kind: ClassVar[str] = "max_diversification"
    sense: ClassVar[str] = "maximize"
    unit: ClassVar[str] = "diversification ratio"
    charges_costs: ClassVar[bool] = False
    linear: ClassVar[str] = "risk"  # sigma'w

    def express(self, program: Program, p: Problem) -> None:
        program.ratio = True
        add_variance(program, p.moments.covariance)
        program.add_linear(program.weights, -_volatilities(p))

    def value(self, w: Vector, p: Problem) -> float:
        """The ratio; minus infinity where there is no risk."""
        above = float(_volatilities(p) @ w) - charges(w, p)
        whole = p.moments.covariance.volatility(w)
        return above / whole if whole > 0.0 else -math.inf

    def describe(self) -> str:
        return "the highest diversification ratio: the volatility of the parts, per unit of volatility of the whole"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> MaxDiversification:
        options("objective", spec, (), example='{"kind": "max_diversification"}')
        return cls()


def _volatilities(p: Problem) -> Vector:
    """(n,) annual, of each asset alone."""
    sigma = np.sqrt(p.moments.covariance.diagonal())
    if not sigma.any():
        raise DataError("no asset has any volatility: there is nothing to diversify", field="objective.kind")
    return sigma
