"""What an order costs, in money, to the cent.

Parameters come from the problem's own cost terms, by kind: `commission` (per_trade, bps), `linear_impact` (bps),
`square_root_impact` (coefficient). Each half is rounded half-even to the cent by itself; totals are sums of those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from typing import Any

import numpy as np

from portopt.domain.arrays import Vector, frozen
from portopt.domain.errors import MissingInput
from portopt.domain.holdings import to_cents
from portopt.domain.problem import Cost, Problem

BPS = Decimal("0.0001")
NOTHING = Decimal(0)


def exact(number: Any) -> Decimal:
    """The shortest decimal that is the same number."""
    return number if isinstance(number, Decimal) else Decimal(str(number))


@dataclass(frozen=True, slots=True, eq=False)
class Fees:
    """The cost terms as numbers of money.

    commission of an order worth v:  per_trade + commission_bps v / 10,000
    impact:                          impact_bps v / 10,000 + size_rate[i] v^(3/2)

    size_rate: (n,) c sigma_i / sqrt(ADV_i), per sqrt of money; zeros without a square-root model.
    model: which impact model this is, for people.
    """

    per_trade: Decimal
    commission_bps: Decimal
    impact_bps: Decimal
    size_rate: Vector
    model: str

    @property
    def proportional(self) -> float:
        """Cost per unit of value traded that does not depend on size: both rates together, a fraction."""
        return float((self.commission_bps + self.impact_bps) * BPS)

    def of(self, value: Decimal, i: int) -> tuple[Decimal, Decimal]:
        """(commission, impact) of an order in asset i worth `value`."""
        commission = self.per_trade + self.commission_bps * BPS * value
        impact = self.impact_bps * BPS * value
        if self.size_rate[i] > 0.0:
            impact += exact(float(self.size_rate[i]) * float(value) ** 1.5)
        return to_cents(commission), to_cents(impact)


def fees_of(p: Problem) -> Fees:
    """The fees of a problem's costs; what the square-root model needs comes from the problem (see SquareRootImpact)."""
    per_trade, commission_bps, impact_bps = _rates(p.costs)
    size_rate = np.zeros(p.n)
    for cost in p.costs:
        if cost.kind != "square_root_impact":
            continue
        if p.portfolio_value is None:
            raise MissingInput("square_root_impact needs the portfolio's value in money", field="portfolio_value")
        for i in np.flatnonzero(~p.universe.is_cash):
            # The cost of trading the whole portfolio's value in asset i, r V with z = 1: its rate per z^(3/2).
            w = p.previous().copy()
            w[i] += 1.0
            size_rate[i] += cost.value(w, p) / sqrt(p.portfolio_value)
    return Fees(per_trade, commission_bps, impact_bps, frozen(size_rate), model_name(p.costs))


def model_name(costs: Sequence[Cost]) -> str:
    """ "linear", "square_root", both joined by "+", or "none"."""
    names = {"linear_impact": "linear", "square_root_impact": "square_root"}
    return "+".join(names[cost.kind] for cost in costs if cost.kind in names) or "none"


def estimate_trade_cost(
    shares: Decimal,
    price: Decimal,
    costs: Sequence[Cost],
    *,
    average_daily_value: float | None = None,
    daily_volatility: float | None = None,
) -> tuple[Decimal, Decimal]:
    """(commission, impact) of one order, in money.

        commission = per_trade + bps |shares| price / 10,000
        impact     = bps |shares| price / 10,000  +  c sigma sqrt(v / ADV) v,   v = |shares| price to the cent

    Args:
        shares: signed or not. price: money per share.
        costs: cost terms, by their kinds.
        average_daily_value, daily_volatility: ADV (money a day) and sigma (fraction a day), for the square-root model.
    Raises:
        MissingInput: the square-root model without its two inputs.

    A trade of nothing costs nothing.
    """
    value = to_cents(abs(shares) * price)
    if shares == 0:
        return to_cents(NOTHING), to_cents(NOTHING)
    per_trade, commission_bps, impact_bps = _rates(costs)
    size_rate = 0.0
    for cost in costs:
        if cost.kind == "square_root_impact":
            if not average_daily_value or daily_volatility is None:
                raise MissingInput(
                    "square_root_impact needs the asset's average daily value traded and its daily volatility",
                    field="average_daily_value",
                    fixes=["give both", "use costs.linear_impact instead"],
                )
            size_rate += float(getattr(cost, "coefficient", 1.0)) * daily_volatility / sqrt(average_daily_value)
    fees = Fees(per_trade, commission_bps, impact_bps, frozen([size_rate]), model_name(costs))
    return fees.of(value, 0)


def _rates(costs: Sequence[Cost]) -> tuple[Decimal, Decimal, Decimal]:
    """(flat fee, commission bps, impact bps), added over the terms."""
    per_trade = commission_bps = impact_bps = NOTHING
    for cost in costs:
        if cost.kind == "commission":
            per_trade += exact(getattr(cost, "per_trade", NOTHING))
            commission_bps += exact(getattr(cost, "bps", NOTHING))
        elif cost.kind == "linear_impact":
            impact_bps += exact(getattr(cost, "bps", NOTHING))
    return per_trade, commission_bps, impact_bps
