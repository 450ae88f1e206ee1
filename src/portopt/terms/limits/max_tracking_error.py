"""How far the portfolio may stray from its benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import Program
from portopt.domain.universe import Asset
from portopt.terms.shared.checks import number, options, percent, required
from portopt.terms.shared.risk import add_risk_cone
from portopt.terms.shared.told import at_its_limit

FIELD = "limits.max_tracking_error"
EXAMPLE = '{"limit": 0.02}'


@dataclass(frozen=True, slots=True)
class MaxTrackingError(Limit):
    """sqrt((w - b)'Sigma(w - b))  <=  limit        (annual; b the benchmark)"""

    limit: float

    kind: ClassVar[str] = "max_tracking_error"
    noun: ClassVar[str] = "tracking error"
    stops: ClassVar[str] = "the tracking-error limit"
    precedence: ClassVar[int] = 1
    unit: ClassVar[str] = "tracking_error"

    def __post_init__(self) -> None:
        object.__setattr__(self, "limit", number(FIELD, self.limit, low=0.0, example="0.02"))

    def express(self, program: Program, p: Problem) -> None:
        add_risk_cone(program, p.moments.covariance, self.limit, limit=self.kind, center=p.benchmark_weights())

    def read(self, w: Vector, p: Problem) -> Readings:
        error = np.array([self._error(w, p)])
        return Readings(self.kind, ("",), error, np.array([-np.inf]), np.array([self.limit]), self.unit)

    def relaxed(self, by: float) -> MaxTrackingError:
        return MaxTrackingError(self.limit + by)

    def presses(self, asset: Asset, reading: Readings, *, up: bool) -> str:
        return at_its_limit("tracking error", up=up)

    def describe(self) -> str:
        return f"tracking error at most {percent(self.limit)} a year"

    def _error(self, w: Vector, p: Problem) -> float:
        return p.moments.covariance.volatility(w - p.benchmark_weights())

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        yield FIELD, self.limit, 1.0

    @classmethod
    def parse(cls, value: Any) -> MaxTrackingError:
        if not isinstance(value, Mapping):
            value = {"limit": value}
        # soft and penalty are the catalog's to read (terms/soft.py): known here so that a slip of them is told.
        given = options(FIELD, value, ("limit", "soft", "penalty"), example=EXAMPLE)
        return cls(required(FIELD, given, "limit", example=EXAMPLE))
