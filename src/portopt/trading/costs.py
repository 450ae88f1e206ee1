"""What an order costs, in money, to the cent.

Parameters come from the problem's own cost terms, by kind: `commission` (per_trade, bps), `linear_impact` and `spread` (bps,
also by asset), `square_root_impact` and `quadratic_impact` (coefficient). Each half is rounded half-even to the cent by itself;
totals are sums of those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from typing import Any

import numpy as np

from portopt.domain.arrays import Indices, Vector, frozen
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
    asset_bps: (n,) half-spreads and linear impact stated by asset, added; () without. square_rate: (n,) c sigma_i / ADV_i, per
    unit of money, of a quadratic model; () without.
    """

    per_trade: Decimal
    commission_bps: Decimal
    impact_bps: Decimal
    size_rate: Vector
    model: str
    asset_bps: tuple[Decimal, ...] = ()
    square_rate: tuple[float, ...] = ()

    def proportional(self, which: Indices) -> Vector:
        """Cost per unit of value traded that does not depend on size, a fraction, for the assets at `which`."""
        own = np.array([float(self.asset_bps[i]) if self.asset_bps else 0.0 for i in which])
        return (float(self.commission_bps + self.impact_bps) + own) * float(BPS)

    def of(self, value: Decimal, i: int) -> tuple[Decimal, Decimal]:
        """(commission, impact) of an order in asset i worth `value`."""
        commission = self.per_trade + self.commission_bps * BPS * value
        impact = self.impact_bps * BPS * value
        if self.asset_bps:
            impact += self.asset_bps[i] * BPS * value
        if self.size_rate[i] > 0.0:
            impact += exact(float(self.size_rate[i]) * float(value) ** 1.5)
        if self.square_rate and self.square_rate[i] > 0.0:
            impact += exact(self.square_rate[i] * float(value) ** 2)
        return to_cents(commission), to_cents(impact)


def fees_of(p: Problem) -> Fees:
    """The fees of a problem's costs; what the square-root model needs comes from the problem (see SquareRootImpact)."""
    per_trade, commission_bps, impact_bps = _rates(p.costs)
    size_rate = np.zeros(p.n)
    asset_bps = [NOTHING] * p.n
    square_rate = np.zeros(p.n)
    for cost in p.costs:
        if not (_is_by_asset(cost) or cost.kind in SIZED):
            continue
        if p.portfolio_value is None and cost.kind in SIZED:
            raise MissingInput(f"{cost.kind} needs the portfolio's value in money", field="portfolio_value")
        for i in np.flatnonzero(~p.universe.is_cash):
            # The cost of trading the whole portfolio's value in asset i: its rate per z, z^(3/2) or z^2.
            w = p.previous().copy()
            w[i] += 1.0
            rate = cost.value(w, p)
            if cost.kind == "square_root_impact":
                size_rate[i] += rate / sqrt(p.portfolio_value or 1.0)
            elif cost.kind == "quadratic_impact":
                square_rate[i] += rate / (p.portfolio_value or 1.0)
            else:
                asset_bps[i] += exact(round(rate / float(BPS), 9))
    return Fees(
        per_trade,
        commission_bps,
        impact_bps,
        frozen(size_rate),
        model_name(p.costs),
        tuple(asset_bps) if any(asset_bps) else (),
        tuple(square_rate.tolist()) if square_rate.any() else (),
    )


SIZED = ("square_root_impact", "quadratic_impact")


def _is_by_asset(cost: Cost) -> bool:
    """Half-spreads, and a linear impact stated by asset."""
    return cost.kind == "spread" or (cost.kind == "linear_impact" and isinstance(getattr(cost, "bps", None), Mapping))


def model_name(costs: Sequence[Cost]) -> str:
    """ "linear", "square_root", both joined by "+", or "none"."""
    names = {
        "linear_impact": "linear",
        "square_root_impact": "square_root",
        "quadratic_impact": "quadratic",
        "spread": "spread",
    }
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
        elif cost.kind == "linear_impact" and not _is_by_asset(cost):
            impact_bps += exact(getattr(cost, "bps", NOTHING))
    return per_trade, commission_bps, impact_bps
