"""Market impact that grows with the size of the trade against what trades in a day."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Cost, Problem
from portopt.domain.program import Program
from portopt.domain.tariff import Tariff
from portopt.terms.shared.checks import number, options
from portopt.terms.shared.impact import impact_rates
from portopt.terms.shared.proportional import traded

FIELD = "costs.square_root_impact"
EXAMPLE = '{"coefficient": 1.0}'


@dataclass(frozen=True, slots=True)
class SquareRootImpact(Cost):
    """sum_i  c * sigma_i * sqrt(V / ADV_i) * |z_i|^(3/2)        (z = w - w_prev, cash free)

    The price moves against a trade by c sigma_i sqrt(value traded / ADV_i); that times the trade is its cost.
    sigma_i: daily volatility, from the covariance. V: portfolio value. ADV_i: average value traded in a day, same money.
    coefficient: c, about 1: trading a day's volume costs about a day's volatility.
    Source: Torre (1997), the BARRA market impact model; Grinold and Kahn (2000), ch. 16. Almgren, Thum, Hauptmann and Li
    (2005) measure an exponent nearer 3/5 than 1/2 for the same law.
    """

    coefficient: float = 1.0

    kind: ClassVar[str] = "square_root_impact"
    model: ClassVar[str] = "square_root"
    spans_periods: ClassVar[bool] = False  # written against the book before the trade, a constant

    def __post_init__(self) -> None:
        checked = number(f"{FIELD}.coefficient", self.coefficient, low=0.0, high=1_000.0, example="1.0", counts="plain")
        object.__setattr__(self, "coefficient", checked)

    def express(self, program: Program, p: Problem) -> None:
        """One power cone an asset: t_i >= |z_i|^(3/2), that is |z_i| <= t_i^(2/3) 1^(1/3)."""
        rate = self._rates(p) / p.holding_period_years
        moved = np.flatnonzero(rate > 0.0)
        if not p.objective.charges_costs or not len(moved):
            return
        w_prev = p.previous()
        t = program.add_columns(len(moved), lower=0.0)
        program.add_linear(t, rate[moved])
        one = np.ones((1, 1))
        for k, i in enumerate(moved):
            blocks = [(0, one, t[k : k + 1]), (2, one, moved[k : k + 1])]
            program.add_cone("power", blocks, np.array([0.0, 1.0, -w_prev[i]]), limit="", alpha=2.0 / 3.0)

    def value(self, w: Vector, p: Problem) -> float:
        return float(self._rates(p) @ traded(w, p) ** 1.5)

    def convex_value(self, w: Vector, p: Problem) -> float:
        return self.value(w, p)

    def tariff(self, p: Problem) -> Tariff:
        """c sigma_i / sqrt(ADV_i), per root of money."""
        return Tariff(rate_3_2=tuple((self._rates(p) / sqrt(p.portfolio_value or 1.0)).tolist()))

    def describe(self) -> str:
        return f"market impact by the square-root law, coefficient {self.coefficient:g}"

    def _rates(self, p: Problem) -> Vector:
        return impact_rates(FIELD, self.coefficient, 0.5, p)

    @classmethod
    def parse(cls, value: Any) -> SquareRootImpact:
        given = options(FIELD, value, ("coefficient",), example=EXAMPLE)
        return cls(**{name: item for name, item in given.items() if item is not None})
