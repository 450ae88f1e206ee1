"""What an objective pays besides its own formula: trading costs and taxes by the year, and the price of soft shortfalls."""

from __future__ import annotations

from portopt.domain.arrays import Vector
from portopt.domain.problem import Problem


def charges(w: Vector, p: Problem) -> float:
    """The sum of them at w, as the program charges them.

        (costs(w) + tax(w)) / holding_period_years  +  sum of penalty * shortfall

    Costs count where the objective has a common unit with them (`charges_costs`).
    w: (n,) weights.
    """
    paid = sum(limit.priced(w, p) for limit in p.limits if limit.soft)
    if p.objective.charges_costs:
        taxes = () if p.tax is None else (p.tax,)
        paid += sum(cost.convex_value(w, p) for cost in (*p.costs, *taxes)) / p.holding_period_years
    return float(paid)
