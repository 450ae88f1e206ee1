"""As close to the benchmark as the limits allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import aversion, options
from portopt.terms.shared.risk import add_active_variance


@dataclass(frozen=True, slots=True)
class MinTrackingError(Objective):
    """minimize  1/2 (w - b)'Sigma(w - b),    or, with a risk aversion,    gamma/2 (w - b)'Sigma(w - b) + costs

    b: benchmark weights. risk_aversion: gamma on active risk; without it costs do not count here.
    Source: Roll (1992).
    """

    risk_aversion: float | None = None

    kind: ClassVar[str] = "min_tracking_error"
    sense: ClassVar[str] = "minimize"
    unit: ClassVar[str] = "half variance"
    linear: ClassVar[str] = "risk"  # -Sigma b
    about_benchmark: ClassVar[bool] = True

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

    @property
    def gamma(self) -> float | None:
        return self.risk_aversion

    def express(self, program: Program, p: Problem) -> None:
        add_active_variance(program, p.moments.covariance, p.benchmark_weights(), self.scale)

    def value(self, w: Vector, p: Problem) -> float:
        active = w - p.benchmark_weights()
        return 0.5 * self.scale * p.moments.covariance.variance(active) + charges(w, p)

    def describe(self) -> str:
        if self.risk_aversion is None:
            return "the lowest tracking error against the benchmark"
        return f"the lowest tracking error after trading costs, at risk aversion {self.risk_aversion:g}"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> MinTrackingError:
        given = options("objective", spec, ("risk_aversion",), example='{"kind": "min_tracking_error"}')
        return cls(given.get("risk_aversion"))
