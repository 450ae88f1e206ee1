"""What the two laws of market impact share: a rate per asset, of its volatility and the size of the book against volume."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import DataError, MissingInput
from portopt.domain.problem import Problem
from portopt.terms.shared.checks import listed


def impact_rates(field: str, coefficient: float, power: float, p: Problem) -> Vector:
    """(n,) c sigma_i (V / ADV_i)^power, zero for cash; times |z_i|^(1 + power) it is a cost, a fraction of portfolio value.

    sigma_i: daily volatility, from the covariance. V: portfolio value. ADV_i: average value traded in a day, same money.
    Raises MissingInput without a portfolio value or volumes, DataError for an asset whose volume is unknown or zero.
    """
    if p.portfolio_value is None or p.average_daily_value is None:
        what = "the portfolio's value in money" if p.portfolio_value is None else "each asset's average daily value traded"
        missing = "portfolio_value" if p.portfolio_value is None else "average_daily_value"
        fixes = [f"add {missing}", "use costs.linear_impact instead"]
        raise MissingInput(f"{field} needs {what}", field=missing, fixes=fixes)
    tradable = np.array([asset.tradable for asset in p.universe.assets], dtype=bool)
    adv = p.average_daily_value
    paid = ~p.universe.is_cash & (tradable | (adv > 0.0))  # what is never traded costs nothing, volume or not
    unknown = paid & ~(adv > 0.0)
    if unknown.any():
        names = [p.universe.ids[i] for i in np.flatnonzero(unknown)]
        said = f"{field} needs the average daily value traded of {listed(names)}"
        raise DataError(said, field="average_daily_value", value=names)
    daily = np.sqrt(p.moments.covariance.diagonal() / p.moments.periods_per_year)
    rates = np.zeros(p.n)
    rates[paid] = coefficient * daily[paid] * (p.portfolio_value / adv[paid]) ** power
    return rates
