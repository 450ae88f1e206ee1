"""Factors share the systematic risk as asked; what no factor explains is as small as that allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import InvalidValue
from portopt.domain.problem import Objective, Problem
from portopt.domain.program import Program
from portopt.terms.shared.checks import EVERY, listed, mapping, number, options, percent
from portopt.terms.shared.members import unknown_name
from portopt.terms.shared.nearest import UNITS, checked_way, distance, express_nearest

FIELD = "objective.budgets"
EXAMPLE = '{"kind": "factor_risk_budget", "budgets": {"MKT": 0.6, "VAL": 0.4}}'


@dataclass(frozen=True, slots=True)
class FactorRiskBudget(Objective):
    """minimize  1/2 (w - h)'Sigma(w - h),    h with  y_k (Omega y)_k / y'Omega y = budget_k,  y = B'h

    h is constructed (construction/factor_budgets.py): budgets hold exactly where no limit keeps the portfolio from it, and
    long_only often does; how they came out is in the factor analysis.

    budgets: shares of the systematic variance by factor, scaled to add to one; "*" for every factor not named; a factor
    without one gets no exposure. A negative share is taken by a short exposure. nearest: "risk" or "weights".
    """

    budgets: Mapping[str, float]
    nearest: str = "risk"

    kind: ClassVar[str] = "factor_risk_budget"
    sense: ClassVar[str] = "minimize"
    charges_costs: ClassVar[bool] = False
    reads_factors: ClassVar[bool] = True

    def __post_init__(self) -> None:
        given = mapping(FIELD, self.budgets, example='{"MKT": 0.6, "VAL": 0.4}')
        shares = {name: number(f"{FIELD}.{name}", share, low=-1e6, high=1e6) for name, share in given.items()}
        if not any(shares.values()):
            raise InvalidValue(FIELD, dict(given), "gives no factor a share", fix=f"write {EXAMPLE}")
        object.__setattr__(self, "budgets", shares)
        checked_way(self.nearest)

    @property
    def unit(self) -> str:
        return UNITS[self.nearest]

    def shares(self, names: Sequence[str]) -> Vector:
        """(K,) by factor. Raises InvalidValue for a name that no factor bears."""
        for name, share in self.budgets.items():
            if name != EVERY and name not in names:
                raise unknown_name(FIELD, name, share, names, "factor")
        return np.array([self.budgets.get(name, self.budgets.get(EVERY, 0.0)) for name in names])

    def express(self, program: Program, p: Problem) -> None:
        express_nearest(program, p, self.nearest)

    def value(self, w: Vector, p: Problem) -> float:
        return distance(w, p, self.nearest)

    def describe(self) -> str:
        total = sum(abs(share) for share in self.budgets.values())
        if EVERY in self.budgets:
            return "factors share the systematic risk as budgeted"
        return f"systematic risk from {listed(f'{name} {percent(share / total)}' for name, share in self.budgets.items())}"

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> FactorRiskBudget:
        given = options("objective", spec, ("budgets", "nearest"), example=EXAMPLE)
        return cls(**{"budgets": {EVERY: 1.0}, **{name: value for name, value in given.items() if value is not None}})
