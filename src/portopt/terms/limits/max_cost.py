"""A budget for what trading costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import MissingInput
from portopt.domain.problem import Limit, Problem, Readings
from portopt.domain.program import INF, Program, Quadratic
from portopt.terms.objectives.max_return import MaxReturn
from portopt.terms.shared.checks import fraction, number, percent
from portopt.terms.shared.curvature import add_square_cone

FIELD = "limits.max_cost"


@dataclass(frozen=True, slots=True)
class MaxCost(Limit):
    """sum over the costs c of the request of  c(w)  <=  limit        (fraction of portfolio value, paid once)

    Every convex part counts: proportional, quadratic and 3/2-power impact, spread, borrowing over the holding period. Flat
    fees per trade are not convex and do not count here; `max_trades` bounds how often they are paid.
    The costs are limited whether or not the objective charges them.
    """

    limit: float

    kind: ClassVar[str] = "max_cost"
    noun: ClassVar[str] = "the trading cost"
    stops: ClassVar[str] = "the cost limit"
    unit: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        object.__setattr__(self, "limit", number(FIELD, self.limit, low=0.0, example="0.002"))

    def express(self, program: Program, p: Problem) -> None:
        _require_costs(p)
        priced = p.replaced(objective=MaxReturn())  # an objective that charges: the costs then speak

        def speak(heard: Program) -> None:
            for cost in p.costs:
                cost.express(heard, priced)

        quadratics, linear, constant = program.charged(speak)
        # What is said is by the year: times the holding period it is what is paid once.
        years = p.holding_period_years
        columns = [part for part, _ in linear]
        values = [years * c for _, c in linear]
        if quadratics:
            columns.append(add_square_cone(program, [Quadratic(q.columns, years * q.M) for q in quadratics]))
            values.append(np.ones(1))
        at = np.concatenate(columns) if columns else np.zeros(0, dtype=np.intp)
        row = np.zeros(program.n_columns)
        np.add.at(row, at, np.concatenate(values) if values else np.zeros(0))
        used = np.flatnonzero(row)
        program.add_rows(row[used][None, :], used, -INF, self.limit - years * constant, limit=self.kind)

    def read(self, w: Vector, p: Problem) -> Readings:
        _require_costs(p)
        paid = np.array([float(sum(cost.convex_value(w, p) for cost in p.costs))])
        return Readings(self.kind, ("",), paid, np.array([-np.inf]), np.array([self.limit]))

    def relaxed(self, by: float) -> MaxCost:
        return MaxCost(self.limit + by)

    def describe(self) -> str:
        return f"trading costs at most {percent(self.limit)} of the portfolio"

    @classmethod
    def parse(cls, value: Any) -> MaxCost:
        limit = cls(value)
        fraction(FIELD, limit.limit)
        return limit


def _require_costs(p: Problem) -> None:
    if not p.costs:
        raise MissingInput(
            f"{FIELD} limits the costs of the request, and it states none",
            field="costs",
            fixes=['add costs, for example {"linear_impact": {"bps": 15}}', f"take {FIELD} away"],
        )
