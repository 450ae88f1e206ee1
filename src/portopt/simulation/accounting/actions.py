"""Corporate actions on an account: what was held at the close before the ex date is entitled, long and short alike.

On one day dividends come first, then spin-offs, splits, delistings: amounts are a share as it was held. Parts of units are paid
in cash at the price after the action. Open orders and last prices are split with the position.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import TypeVar

import numpy as np

from portopt.domain.action import Action
from portopt.domain.backtest import Execution, Happening
from portopt.domain.errors import DataError
from portopt.simulation.accounting.account import Account, OpenOrder, Quotes, Receivable
from portopt.simulation.accounting.charges import commission_of
from portopt.simulation.accounting.fills import after_trade
from portopt.simulation.accounting.money import fraction, has_price

T = TypeVar("T")
Applied = tuple[Account, tuple[Happening, ...]]
ORDER = ("dividend", "spin_off", "split", "delisting")
NEEDS = {"dividend": "amount", "split": "ratio", "spin_off": "ratio and into"}


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """What an action meets. positions: of each asset by its id."""

    quotes: Quotes
    execution: Execution
    positions: Mapping[str, int]

    def price(self, account: Account, i: int) -> Fraction | None:
        """The day's price of an asset, or its last; None before the first."""
        now = self.quotes.prices[i : i + 1]
        price = now[0] if has_price(now)[0] else account.prices[i]
        return None if np.isnan(price) else fraction(float(price))

    def happening(self, kind: str, i: int, sentence: str, *, units: int = 0, cents: int = 0, profit: int = 0) -> Happening:
        return Happening(self.quotes.day, kind, i, units, cents, sentence, profit)


def applied(account: Account, actions: Sequence[Action], quotes: Quotes, execution: Execution) -> Applied:
    """The account after the day's actions, and what happened; actions of assets that are not here are not applied.

    Raises DataError for an action that does not say enough.
    """
    if not actions:
        return account, ()
    day = Day(quotes, execution, {asset: i for i, asset in enumerate(quotes.ids)})
    known = sorted((a for a in actions if a.asset_id in day.positions), key=lambda a: ORDER.index(a.kind))
    untouched: Applied = account, ()
    return reduce(lambda so_far, action: _one(so_far, action, day), known, untouched)


def _one(so_far: Applied, action: Action, day: Day) -> Applied:
    account, happened = so_far
    account, more = APPLY[action.kind](account, action, day.positions[action.asset_id], day)
    return account, (*happened, *more)


def _dividend(account: Account, action: Action, i: int, day: Day) -> Applied:
    amount = _said(action.amount, action)
    cents = _cents(account.units[i] * fraction(amount), account)
    if not cents:
        return account, ()
    due = Receivable(i, action.pay_date or action.ex_date, cents)
    verb = "earns" if cents > 0 else "owes"
    sentence = f"{action.asset_id} {verb} a dividend of {amount} a share, due on {due.due}"
    told = day.happening("dividend", i, sentence, cents=cents, profit=cents)
    return replace(account, receivables=(*account.receivables, due)), (told,)


def _split(account: Account, action: Action, i: int, day: Day) -> Applied:
    ratio = Fraction(*_said(action.ratio, action))
    what = f"{action.asset_id} was split {ratio.numerator} for {ratio.denominator}"
    waiting, told = _split_orders(account.open, i, ratio, what, day)
    account = replace(account, prices=_with(account.prices, i, account.prices[i] * float(1 / ratio)), open=waiting)
    before, basis = int(account.units[i]), int(account.basis[i])
    if not before:
        return account, told
    whole = int(before * ratio)
    lieu, kept = _in_lieu(before * ratio - whole, account, i, day), round(basis * whole / (before * ratio))
    told = (*told, day.happening("split", i, what, units=whole - before))
    if lieu or not whole:
        sentence = f"{what}: {money(lieu)} in cash for a part of a unit"
        told = (*told, day.happening("cash_in_lieu", i, sentence, cents=lieu, profit=lieu - (basis - kept)))
    else:
        kept = basis
    held = _with(account.units, i, whole), _with(account.basis, i, kept)
    return replace(account, units=held[0], basis=held[1], cash=account.cash + lieu), told


def _spin_off(account: Account, action: Action, i: int, day: Day) -> Applied:
    ratio, before = Fraction(*_said(action.ratio, action)), int(account.units[i])
    if not before:
        return account, ()
    into = day.positions.get(_said(action.into, action))
    if into is None:
        why = f"{action.asset_id} spun off {action.into} on {action.ex_date}, which there are no prices of"
        raise DataError(why, field="actions", value=action.into, fixes=[f"add prices of {action.into}, or write a dividend"])
    new = before * ratio
    whole, moved = int(new), _basis_moved(account, i, into, new, day)
    kept, lieu = round(moved * whole / new), _in_lieu(new - whole, account, into, day)
    was = account.units[into], account.basis[into]
    cost, profit = after_trade(*(np.array([x], dtype=np.int64) for x in (*was, whole, kept)))
    units = _with(account.units, into, account.units[into] + whole)
    basis = _with(_with(account.basis, i, account.basis[i] - moved), into, cost[0])
    what = f"{action.asset_id} spun off {ratio} of {action.into} a share"
    told: tuple[Happening, ...] = (day.happening("spin_off", into, what, units=whole, profit=int(profit[0])),)
    if new != whole:
        known = day.price(account, into) is not None
        rest = f"{money(lieu)} in cash for a part of a unit" if known else "a part of a unit has no price and is not paid"
        told = (*told, day.happening("cash_in_lieu", into, f"{what}: {rest}", cents=lieu, profit=lieu - (moved - kept)))
    return replace(account, units=units, basis=basis, cash=account.cash + lieu), told


def _delisting(account: Account, action: Action, i: int, day: Day) -> Applied:
    mine = [o for o in account.open if o.order.asset == i]
    told = tuple(day.happening("order_ended", i, f"{o.order.order_id}: {action.asset_id} was delisted") for o in mine)
    account = replace(account, open=tuple(o for o in account.open if o.order.asset != i))
    units = int(account.units[i])
    if not units:
        return account, told
    price = _last_price(account, action, i, day)
    cents = _cents(units * price, account)
    fee = _closing_fee(cents, units, account, day.execution)
    sentence = f"{action.asset_id} was delisted: {abs(units):,} units closed at {float(price):,.6g}"
    earned = cents - int(account.basis[i])
    told = (*told, day.happening("delisting", i, sentence, units=-units, cents=cents, profit=earned))
    if fee:
        told = (*told, day.happening("delisting_fee", i, f"{action.asset_id}: closing it was charged", cents=-fee, profit=-fee))
    closed = _with(account.units, i, 0), _with(account.basis, i, 0)
    return replace(account, units=closed[0], basis=closed[1], cash=account.cash + cents - fee), told


APPLY: Mapping[str, Callable[[Account, Action, int, Day], Applied]] = {
    "dividend": _dividend,
    "spin_off": _spin_off,
    "split": _split,
    "delisting": _delisting,
}


def money(cents: int) -> str:
    return f"{Decimal(cents) / 100:,.2f}"


def _said(value: T | None, action: Action) -> T:
    """What this kind of action has to say. Raises DataError."""
    if value is None:
        why = f"the {action.kind} of {action.asset_id} on {action.ex_date} does not say its {NEEDS[action.kind]}"
        raise DataError(why, field="actions", value=action.asset_id, fixes=[f"write its {NEEDS[action.kind]}, or take it out"])
    return value


def _cents(amount: Fraction, account: Account) -> int:
    """units × money a share, to the cent; half-even, so that a short owes what a long is given."""
    return round(amount * account.share * 100)


def _with(values: np.ndarray, i: int, value: object) -> np.ndarray:
    changed = values.copy()
    changed[i] = value
    return changed


def _in_lieu(rest: Fraction, account: Account, i: int, day: Day) -> int:
    """Cents for a part of a unit at the price after the action; none where there is no price."""
    price = day.price(account, i) if rest else None
    return 0 if price is None else _cents(rest * price, account)


def _split_orders(
    waiting: Sequence[OpenOrder], i: int, ratio: Fraction, what: str, day: Day
) -> tuple[tuple[OpenOrder, ...], tuple[Happening, ...]]:
    """Open orders in units as they are now, cut to whole ones; one of which nothing is left has ended."""
    kept: list[OpenOrder] = []
    ended: list[Happening] = []
    for o in waiting:
        if o.order.asset != i:
            kept.append(o)
        elif int(o.left * ratio):
            kept.append(replace(o, order=replace(o.order, units=int(o.order.units * ratio)), left=int(o.left * ratio)))
        else:
            ended.append(day.happening("order_ended", i, f"{o.order.order_id}: {what}, and less than a unit is left of it"))
    return tuple(kept), tuple(ended)


def _basis_moved(account: Account, i: int, into: int, new: Fraction, day: Day) -> int:
    """What of the basis goes with the part that was spun off: as the two are valued on the ex date."""
    prices = day.price(account, i), day.price(account, into)
    if prices[0] is None or prices[1] is None:
        return 0
    stays, goes = int(account.units[i]) * prices[0], new * prices[1]
    return round(int(account.basis[i]) * goes / (stays + goes))


def _last_price(account: Account, action: Action, i: int, day: Day) -> Fraction:
    if action.proceeds is not None:
        return fraction(action.proceeds)
    price = day.price(account, i)
    if price is None:  # units came by a spin-off, and never had a price
        return Fraction(0)
    return price * (1 + fraction(action.delisting_return)) if action.delisting_return is not None else price


def _closing_fee(cents: int, units: int, account: Account, execution: Execution) -> int:
    """The commission of an order of that size; what is worthless is written off without one."""
    if not cents:
        return 0
    size = np.array([abs(cents)], dtype=np.int64), np.array([abs(units)], dtype=np.int64)
    return int(commission_of(*size, account.share, execution)[0])
