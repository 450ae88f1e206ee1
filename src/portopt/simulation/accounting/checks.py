"""The identities of one day, each worked out in another way than the ledger does: what is broken is said in a sentence.

Fees are charged again from the fills, in decimals; positions are valued one by one; cash, units and profit are added up from
what was told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext

import numpy as np

from portopt.domain.backtest import Execution, Fill, Happening, Order
from portopt.domain.tariff import BPS, exact
from portopt.simulation.accounting.account import Account, Quotes, equity, open_profit

NO_CASH_YET, FLOW = "dividend", "cash_flow"


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """One day of the ledger. before: at the last close; began: after begin_day; after: when orders are filled."""

    before: Account
    began: Account
    after: Account
    quotes: Quotes
    happenings: Sequence[Happening]
    fills: Sequence[Fill]
    orders: Sequence[Order] = ()


def broken(day: Day, execution: Execution) -> tuple[str, ...]:
    """Identities that do not hold; none where the ledger is right."""
    found = (*_sums(day), *_profit(day), *_equity(day.after), *_orders(day), *_fills(day, execution))
    return tuple(f"{day.quotes.date}: {sentence}" for sentence in found)


def _sums(day: Day) -> Iterator[str]:
    spent = sum((f.value if f.units > 0 else -f.value) + f.cost for f in day.fills)
    earned = sum(h.cents for h in day.happenings if h.kind != NO_CASH_YET)
    yield from _differ("cash", day.after.free, day.before.free + earned - spent)
    owed = sum({NO_CASH_YET: h.cents, "dividend_paid": -h.cents}.get(h.kind, 0) for h in day.happenings)
    before, after = (sum(r.cents for r in account.receivables) for account in (day.before, day.after))
    yield from _differ("dividends that are due", after, before + owed)
    units = day.before.units.tolist()
    for asset, change in ((each.asset, each.units) for told in (day.happenings, day.fills) for each in told):
        if asset is not None:
            units[asset] += change
    for name, held, added in zip(day.quotes.ids, day.after.units.tolist(), units, strict=True):
        yield from _differ(f"units of {name}", held, added)


def _profit(day: Day) -> Iterator[str]:
    """Σ profit of trades and happenings + change of open profit = change of equity that no money in or out explains."""
    closed = sum(f.profit for f in day.fills) + sum(h.profit for h in day.happenings)
    opened = int(open_profit(day.after).sum()) - int(open_profit(day.before).sum())
    flow = sum(h.cents for h in day.happenings if h.kind == FLOW)
    yield from _differ("profit", closed + opened, equity(day.after) - equity(day.before) - flow)


def _equity(account: Account) -> Iterator[str]:
    held = np.flatnonzero((account.units != 0) & (account.prices > 0)).tolist()
    share = Decimal(account.share.numerator) / account.share.denominator
    positions = sum(_cents(int(account.units[i]) * share * exact(float(account.prices[i])) * 100) for i in held)
    due = sum(r.cents for r in account.receivables)
    yield from _differ("equity", equity(account), account.cash - account.owed + due + positions)


def _orders(day: Day) -> Iterator[str]:
    """Fills never exceed their order, and a buy never leaves cash below zero."""
    left = {o.order.order_id: o.left for o in day.began.open} | {o.order_id: o.units for o in day.orders}
    filled: Counter[str] = Counter()
    for f in day.fills:
        filled[f.order_id] += f.units
    for name, units in filled.items():
        if not 0 < units * (1 if left.get(name, 0) > 0 else -1) <= abs(left.get(name, 0)):
            yield f"order {name} of {left.get(name, 0):,} units was filled with {units:,}"
    if day.after.cash < 0 and any(f.units > 0 for f in day.fills):
        yield f"a buy left cash at {day.after.cash}"


def _fills(day: Day, execution: Execution) -> Iterator[str]:
    for f in day.fills:
        name = f"order {f.order_id}"
        yield from _differ(f"{name}: price", f.price, exact(float(day.quotes.prices[f.asset])))
        shares = abs(f.units) * Decimal(day.after.share.numerator) / day.after.share.denominator
        yield from _differ(f"{name}: value", f.value, _cents(shares * f.price * 100))
        yield from _differ(f"{name}: commission", f.commission, _commission(f.value, shares, execution))
        spread, impact = _spread_and_impact(f, shares, day.quotes, execution)
        yield from _differ(f"{name}: spread", f.spread, spread)
        yield from _differ(f"{name}: impact", f.impact, impact)
        if f.value > 0 and f.spread + f.impact >= f.value:
            yield f"{name}: nothing is left of the price"


def _commission(value: int, shares: Decimal, execution: Execution) -> int:
    rate = value * exact(execution.commission_bps) * BPS + shares * 100 * exact(execution.commission_per_share)
    return max(_cents(rate), _cents(100 * exact(execution.minimum_fee)))


def _spread_and_impact(f: Fill, shares: Decimal, quotes: Quotes, execution: Execution) -> tuple[int, int]:
    spread, impact = _cents(f.value * exact(execution.spread_bps) * BPS / 2), 0
    if (execution.impact or execution.linear_impact) and quotes.volumes is not None and quotes.volatility is not None:
        with localcontext() as more:
            more.prec = 60
            q = shares / exact(float(quotes.volumes[f.asset]))
            at = f.value * exact(float(quotes.volatility[f.asset]))
            impact = _cents(at * exact(execution.impact) * q.sqrt()) + _cents(at * exact(execution.linear_impact) * q)
    most = int((f.value * exact(execution.cost_cap)).to_integral_value(ROUND_FLOOR))
    return (spread, impact) if spread + impact <= most else (min(spread, most), most - min(spread, most))


def _cents(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_HALF_EVEN))


def _differ(what: str, said: object, found: object) -> Iterator[str]:
    if said != found:
        yield f"{what} is {said} in the ledger and {found} worked out again"
