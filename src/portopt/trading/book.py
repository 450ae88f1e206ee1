"""The book in shares and cents, and what a set of orders makes of it. Decimal throughout: nothing here is approximate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.errors import DataError
from portopt.domain.holdings import CENT, Holdings, to_cents
from portopt.domain.problem import Problem
from portopt.domain.request import TradingRules
from portopt.domain.steps import Step, step_of
from portopt.domain.universe import CASH
from portopt.trading.costs import NOTHING, Fees, exact, fees_of

WEIGHTS_AGREE = 1e-6
SHARE_BY_SHARE = TradingRules()


@dataclass(frozen=True, slots=True)
class Order:
    """One order in asset i. shares: signed, positive buys. Money to the cent."""

    i: int
    shares: Decimal
    value: Decimal
    commission: Decimal
    impact: Decimal

    @property
    def is_buy(self) -> bool:
        return self.shares > 0

    @property
    def cost(self) -> Decimal:
        return self.commission + self.impact


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """A book after its orders. weights: (n,) over the value before costs; cash_after is what is left when costs are paid."""

    orders: tuple[Order, ...]
    cash_after: Decimal
    weights: Vector

    @property
    def costs(self) -> Decimal:
        return sum((order.cost for order in self.orders), NOTHING)

    def shares(self, n: int) -> list[Decimal]:
        """(n,) signed shares of the orders."""
        out = [NOTHING] * n
        for order in self.orders:
            out[order.i] = order.shares
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """What is held, at the prices of the plan.

    shares, prices, values: by position in the universe; cash has shares zero and price one. value: net asset value.
    w_prev: (n,) the problem's own weights before the trade. movable: positions that may be traded. steps: by position, what a
    trade is counted in. least_cash: what is to be left when every fee is paid.
    """

    portfolio_id: str
    currency: str
    ids: tuple[str, ...]
    shares: tuple[Decimal, ...]
    prices: tuple[Decimal, ...]
    values: tuple[Decimal, ...]
    cash: Decimal
    cash_position: int
    value: Decimal
    w_prev: Vector
    movable: tuple[int, ...]
    fees: Fees
    steps: tuple[Step, ...]
    least_cash: Decimal = NOTHING

    def leaves_too_little(self, i: int, shares: Decimal) -> Decimal:
        """By how many units what an order leaves is less than may be held of it; zero where it leaves nothing at all."""
        left, least = abs(self.shares[i] + shares), self.steps[i].least_held
        return least - left if shares and 0 < left < least else NOTHING

    def settle(self, shares: Sequence[Decimal]) -> Settled:
        """Execute signed `shares`, one number an asset.

            cash after = cash + sells - buys - commissions - impact
            w_i = (value before +- value of the order) / V;    w_cash = (cash after + costs) / V

        A position sold whole weighs exactly nothing, one that is not traded exactly what it did, and weights add to one.
        """
        orders = []
        weights = self.w_prev.copy()
        cash = self.cash
        for i in self.movable:
            if shares[i] == 0:
                continue
            value = to_cents(abs(shares[i]) * self.prices[i])
            signed = value if shares[i] > 0 else -value
            orders.append(Order(i, shares[i], value, *self.fees.of(value, i)))
            weights[i] = 0.0 if shares[i] == -self.shares[i] else float((self.values[i] + signed) / self.value)
            cash -= signed
        settled_cash = cash - sum((order.cost for order in orders), NOTHING)
        weights[self.cash_position] = float(cash / self.value) if orders else self.w_prev[self.cash_position]
        return Settled(tuple(orders), settled_cash, weights)


def open_book(
    problem: Problem,
    holdings: Holdings,
    prices: Mapping[str, Decimal],
    rules: TradingRules = SHARE_BY_SHARE,
    *,
    floor_after_fees: bool = False,
) -> Book:
    """Holdings on the problem's universe. floor_after_fees: see make_plan.

    Raises DataError for an asset without a positive price, for a universe without cash, and where the problem was
    formulated for other holdings or prices.
    """
    universe = problem.universe
    cash_position = universe.cash_position
    if cash_position is None:
        why = "whole shares leave a remainder and costs are paid in cash, but the universe has no CASH"
        raise DataError(why, field="universe", value=list(universe.ids), fixes=[f"add the asset {CASH} to the universe"])
    _require_prices(universe.ids, holdings, prices)
    by_asset = tuple(Decimal(1) if a == CASH else prices[a] for a in universe.ids)
    shares = tuple(NOTHING if a == CASH else holdings.shares.get(a, NOTHING) for a in universe.ids)
    weights = holdings.weights(universe, prices)
    w_prev = problem.previous()
    if float(np.abs(weights - w_prev).max()) > WEIGHTS_AGREE:
        worst = int(np.argmax(np.abs(weights - w_prev)))
        raise DataError(
            f"the holdings put {weights[worst]:.4%} into {universe.ids[worst]}, the problem was formulated with "
            f"{w_prev[worst]:.4%}: other holdings or other prices",
            field="holdings",
            value=holdings.portfolio_id,
        )
    return Book(
        portfolio_id=holdings.portfolio_id,
        currency=holdings.currency,
        ids=universe.ids,
        shares=shares,
        prices=by_asset,
        values=tuple(to_cents(n * p) for n, p in zip(shares, by_asset, strict=True)),
        cash=to_cents(holdings.cash),
        cash_position=cash_position,
        value=holdings.value(prices),
        w_prev=w_prev,
        movable=tuple(i for i, asset in enumerate(universe.assets) if asset.tradable and asset.id != CASH),
        fees=fees_of(problem),
        steps=tuple(step_of(asset, rules) for asset in universe.assets),
        least_cash=_least_cash(problem, holdings.value(prices), cash_position) if floor_after_fees else NOTHING,
    )


def _least_cash(problem: Problem, value: Decimal, cash_position: int) -> Decimal:
    """The highest floor that any hard limit puts under cash, in money, up to the cent; nothing where that is below zero."""
    readings = [limit.read(problem.previous(), problem) for limit in problem.limits if not limit.soft]
    sides = [reading.sides(problem.universe.ids[cash_position]) for reading in readings]
    floor = max((side[0] for side in sides if side is not None), default=0.0)
    return (exact(max(floor, 0.0)) * value).quantize(CENT, rounding=ROUND_CEILING)


def _require_prices(ids: Sequence[str], holdings: Holdings, prices: Mapping[str, Decimal]) -> None:
    """Raises DataError naming every asset without a positive price."""
    named = [a for a in dict.fromkeys((*ids, *holdings.shares)) if a != CASH]
    found = {a: prices.get(a) for a in named}
    bad = [a for a, price in found.items() if price is None or not price.is_finite() or price <= 0]
    if bad:
        raise DataError(
            f"no positive price for {', '.join(bad)}: an order cannot be counted in shares without one",
            field="prices",
            value={a: None if found[a] is None else str(found[a]) for a in bad},
            fixes=["add the missing prices, or take the assets out of the universe"],
        )
