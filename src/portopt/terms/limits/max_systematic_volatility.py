"""How much of the fluctuation may come from the factors, all together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import Program
from portopt.terms.shared.checks import percent
from portopt.terms.shared.named_exposures import model_of
from portopt.terms.shared.risk_parts import MOST_VOLATILITY, add_systematic_cone, center_of, checked, parsed, systematic

FIELD = "limits.max_systematic_volatility"


@dataclass(frozen=True, slots=True)
class MaxSystematicVolatility(Limit):
    """sqrt(w'B Omega B'w)  <=  limit        (annual; the factor model's)

    active: of w - b, b the benchmark, instead of w.
    """

    limit: float
    active: bool = False

    kind: ClassVar[str] = "max_systematic_volatility"
    noun: ClassVar[str] = "systematic volatility"
    stops: ClassVar[str] = "the limit on systematic volatility"
    unit: ClassVar[str] = "volatility"
    reads_factors: ClassVar[bool] = True

    def __post_init__(self) -> None:
        limit, active = checked(FIELD, self.limit, self.active)
        object.__setattr__(self, "limit", limit)
        object.__setattr__(self, "active", active)

    def express(self, program: Program, p: Problem) -> None:
        model = model_of(p, FIELD)
        add_systematic_cone(program, p, model, self.limit, center_of(p, active=self.active), self.kind)

    def read(self, w: Vector, p: Problem) -> Readings:
        sigma = np.array([systematic(model_of(p, FIELD), w - center_of(p, active=self.active))])
        return Readings(self.kind, ("",), sigma, np.array([-np.inf]), np.array([self.limit]), self.unit)

    def relaxed(self, by: float) -> MaxSystematicVolatility:
        return MaxSystematicVolatility(self.limit + by, self.active)

    def describe(self) -> str:
        return f"{'active ' if self.active else ''}systematic volatility at most {percent(self.limit)} a year"

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        yield FIELD, self.limit, MOST_VOLATILITY

    @classmethod
    def parse(cls, value: Any) -> MaxSystematicVolatility:
        return cls(*parsed(FIELD, value))
