"""How much of each asset trades in a day, as a fraction of the portfolio."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import DataError, MissingInput
from portopt.domain.problem import Problem
from portopt.terms.shared.checks import listed


def daily_capacity(field: str, participation: float, p: Problem) -> Vector:
    """(n,) participation * ADV_i / V, what can be traded in a day; infinite for cash and for what is not traded at all.

    participation: share of a day's volume one may be. ADV_i: average value traded in a day; V: portfolio value, same money.
    Raises MissingInput without a portfolio value or volumes, DataError for a tradable asset whose volume is unknown or zero.
    """
    if p.portfolio_value is None or p.average_daily_value is None:
        missing = "portfolio_value" if p.portfolio_value is None else "average_daily_value"
        what = "the portfolio's value in money" if p.portfolio_value is None else "each asset's average daily value traded"
        fixes = [f"add {missing}", f"take {field} away"]
        raise MissingInput(f"{field} needs {what}", field=missing, fixes=fixes)
    bound = ~p.universe.is_cash & np.array([asset.tradable for asset in p.universe.assets], dtype=bool)
    unknown = bound & ~(p.average_daily_value > 0.0)
    if unknown.any():
        names = [p.universe.ids[i] for i in np.flatnonzero(unknown)]
        raise DataError(
            f"{field} needs the average daily value traded of {listed(names)}",
            field="average_daily_value",
            value=names,
            fixes=[f"add volumes for {listed(names)}", f"exclude {listed(names)}", f"take {field} away"],
        )
    capacity = np.full(p.n, np.inf)
    capacity[bound] = participation * p.average_daily_value[bound] / p.portfolio_value
    return capacity
