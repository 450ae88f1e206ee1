"""Market impact in proportion to the size of the trade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.problem import Cost, Problem
from portopt.domain.program import Program, Quadratic
from portopt.domain.tariff import Tariff
from portopt.terms.shared.checks import number, options
from portopt.terms.shared.curvature import add_square_cone
from portopt.terms.shared.impact import impact_rates
from portopt.terms.shared.proportional import traded

FIELD = "costs.quadratic_impact"
EXAMPLE = '{"coefficient": 1.0}'


@dataclass(frozen=True, slots=True)
class QuadraticImpact(Cost):
    """sum_i  c * sigma_i * (V / ADV_i) * z_i^2        (z = w - w_prev, cash free)

    The price moves against a trade by c sigma_i (value traded / ADV_i); that times the trade is its cost.
    sigma_i: daily volatility, from the covariance. V: portfolio value. ADV_i: average value traded in a day, same money.
    Source: Kyle (1985) for a linear price impact; Almgren and Chriss (2000); Garleanu and Pedersen (2013).
    """

    coefficient: float = 1.0

    kind: ClassVar[str] = "quadratic_impact"
    model: ClassVar[str] = "quadratic"
    spans_periods: ClassVar[bool] = False  # written against the book before the trade, a constant

    def __post_init__(self) -> None:
        checked = number(f"{FIELD}.coefficient", self.coefficient, low=0.0, high=10_000.0, example="1.0", counts="plain")
        object.__setattr__(self, "coefficient", checked)

    def express(self, program: Program, p: Problem) -> None:
        """Into the quadratic of the objective, as  rate w^2 - 2 rate w_prev w + rate w_prev^2; under a ratio, where the
        quadratic is the risk, one column above it."""
        rate = self._rates(p) / p.holding_period_years
        if not p.objective.charges_costs or not rate.any():
            return
        w_prev = p.previous()
        if program.ratio:
            (z,) = program.once("trades_net", lambda: (_net_trades(program, w_prev),))
            program.add_linear(add_square_cone(program, [Quadratic(z, 2.0 * rate)]), 1.0)
            return
        program.add_quadratic(program.weights, 2.0 * rate)
        program.add_linear(program.weights, -2.0 * rate * w_prev)
        program.constant += float(rate @ w_prev**2)

    def value(self, w: Vector, p: Problem) -> float:
        return float(self._rates(p) @ traded(w, p) ** 2)

    def convex_value(self, w: Vector, p: Problem) -> float:
        return self.value(w, p)

    def tariff(self, p: Problem) -> Tariff:
        """c sigma_i / ADV_i, per unit of money."""
        return Tariff(rate_2=tuple((self._rates(p) / (p.portfolio_value or 1.0)).tolist()))

    def describe(self) -> str:
        return f"market impact in proportion to the size of the trade, coefficient {self.coefficient:g}"

    def _rates(self, p: Problem) -> Vector:
        return impact_rates(FIELD, self.coefficient, 1.0, p)

    @classmethod
    def parse(cls, value: Any) -> QuadraticImpact:
        given = options(FIELD, value, ("coefficient",), example=EXAMPLE)
        return cls(**{name: item for name, item in given.items() if item is not None})


def _net_trades(program: Program, w_prev: Vector) -> Any:
    """Columns z = w - w_prev."""
    n = program.n_weights
    z = program.add_columns(n)
    block = np.hstack([np.eye(n), -np.eye(n)])
    program.add_rows(block, np.concatenate([program.weights, z]), w_prev, w_prev, limit="", relax=0.0)
    return z
