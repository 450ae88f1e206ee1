"""How far the portfolio may stray from its benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem, Readings
from portopt.domain.program import Program
from portopt.terms.shared.checks import flag, number, options, percent, required
from portopt.terms.shared.risk import add_risk_cone
from portopt.terms.shared.soft_prices import default_price

FIELD = "limits.max_tracking_error"
EXAMPLE = '{"limit": 0.02, "soft": true}'


@dataclass(frozen=True, slots=True)
class MaxTrackingError:
    """sqrt((w - b)'Sigma(w - b))  <=  limit        (annual; b the benchmark)

    soft: the limit may be missed, at `penalty` units of the objective for each unit of tracking error above it. The default
    (None, see soft_prices.py) says in a market of usual volatility: ten basis points of return a year for each basis point of
    excess, more than such a limit is ever worth in practice, so it is missed only where it cannot be kept.
    """

    limit: float
    soft: bool = False
    penalty: float | None = None

    kind: ClassVar[str] = "max_tracking_error"
    structural: ClassVar[bool] = False
    unit: ClassVar[str] = "tracking_error"

    def __post_init__(self) -> None:
        object.__setattr__(self, "limit", number(FIELD, self.limit, low=0.0, example="0.02"))
        object.__setattr__(self, "soft", flag(f"{FIELD}.soft", self.soft))
        if self.penalty is not None:
            object.__setattr__(self, "penalty", number(f"{FIELD}.penalty", self.penalty, low=0.0, high=1e6, example="10.0"))

    def express(self, program: Program, p: Problem) -> None:
        excess = program.add_columns(1, lower=0.0) if self.soft else None
        if excess is not None:
            program.add_linear(excess, self.price(p))
        b = p.benchmark_weights()
        add_risk_cone(program, p.moments.covariance, self.limit, limit=self.kind, center=b, excess=excess)

    def read(self, w: Vector, p: Problem) -> Readings:
        error = np.array([self._error(w, p)])
        return Readings(self.kind, ("",), error, np.array([-np.inf]), np.array([self.limit]), self.unit)

    def priced(self, w: Vector, p: Problem) -> float:
        """price * max(tracking error - limit, 0); nothing for a hard limit."""
        return self.price(p) * max(self._error(w, p) - self.limit, 0.0) if self.soft else 0.0

    def price(self, p: Problem) -> float:
        """The penalty given, or the default one: in the objective's unit for each unit of tracking error."""
        return default_price(p, self.unit) if self.penalty is None else self.penalty

    def relaxed(self, by: float) -> MaxTrackingError:
        return MaxTrackingError(self.limit + by, self.soft, self.penalty)

    def describe(self) -> str:
        wished = " where it can be kept" if self.soft else ""
        return f"tracking error at most {percent(self.limit)} a year{wished}"

    def _error(self, w: Vector, p: Problem) -> float:
        return p.moments.covariance.volatility(w - p.benchmark_weights())

    def fractions(self) -> Iterator[tuple[str, float, float]]:
        yield FIELD, self.limit, 1.0

    @classmethod
    def parse(cls, value: Any) -> MaxTrackingError:
        if not isinstance(value, Mapping):
            value = {"limit": value}
        given = options(FIELD, value, ("limit", "soft", "penalty"), example=EXAMPLE)
        cap = required(FIELD, given, "limit", example=EXAMPLE)
        soft, penalty = given.get("soft"), given.get("penalty")
        return cls(cap, False if soft is None else soft, penalty)
