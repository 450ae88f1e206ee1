"""The least variance that is certain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from portopt.domain.arrays import Vector
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.objectives.robust_utility import add_worst_variance, worst_variance
from portopt.terms.shared.charges import charges
from portopt.terms.shared.checks import aversion, options, required
from portopt.terms.uncertainty.covariances import CovarianceBox, CovarianceFactors, covariance_set

EXAMPLE = '{"kind": "robust_min_risk", "covariance": {"set": "box", "radius": 0.1}}'


@dataclass(frozen=True, slots=True)
class RobustMinRisk(Objective):
    """minimize  1/2 max over S in the set of w'S w,    or, with a risk aversion,    gamma/2 max w'S w + costs

    covariance: the set (terms/uncertainty/covariances.py). risk_aversion: gamma; without it costs do not count here.
    Source: Goldfarb and Iyengar (2003), section 3.
    """

    covariance: CovarianceBox | CovarianceFactors | None
    risk_aversion: float | None = None

    kind: ClassVar[str] = "robust_min_risk"
    helpers: ClassVar[str] = "uncertainty"  # what its helper columns pull for
    sense: ClassVar[str] = "minimize"
    unit: ClassVar[str] = "half square"

    def __post_init__(self) -> None:
        object.__setattr__(self, "covariance", covariance_set("objective.covariance", self.covariance))
        if self.risk_aversion is not None:
            object.__setattr__(self, "risk_aversion", aversion(self.risk_aversion))

    @property
    def charges_costs(self) -> bool:
        return self.risk_aversion is not None

    @property
    def gamma(self) -> float | None:
        return self.risk_aversion

    def express(self, program: Program, p: Problem) -> None:
        add_worst_variance(program, p, self.covariance, self._scale)

    def value(self, w: Vector, p: Problem) -> float:
        return 0.5 * self._scale * worst_variance(w, p, self.covariance) + charges(w, p)

    def describe(self) -> str:
        over = "" if self.covariance is None else f", at the worst of {self.covariance.describe()}"
        priced = "" if self.risk_aversion is None else f" after trading costs, at risk aversion {self.risk_aversion:g}"
        return f"the lowest volatility{priced}{over}"

    @property
    def _scale(self) -> float:
        return 1.0 if self.risk_aversion is None else self.risk_aversion

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> RobustMinRisk:
        given = options("objective", spec, ("covariance", "risk_aversion"), example=EXAMPLE)
        return cls(required("objective", given, "covariance", example=EXAMPLE), given.get("risk_aversion"))
