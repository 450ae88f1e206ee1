"""Which orders may be filled on a day, and how much of each: a price, a volume, a share of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.backtest import Execution, Order, Units
from portopt.domain.errors import InvalidValue
from portopt.simulation.accounting.account import Account, OpenOrder, Quotes
from portopt.simulation.accounting.charges import has_impact
from portopt.simulation.accounting.money import fraction, has_price

Unfilled = tuple[str, str]  # order id, and in words how much of it was not filled and why


def placed(account: Account, orders: Sequence[Order]) -> Account:
    """The account with these orders waiting for their day. Raises InvalidValue for two of one decision in one asset."""
    if not orders:
        return account
    taken = {(waiting.order.decided, waiting.order.asset) for waiting in account.open}
    for order in orders:
        key = (order.decided, order.asset)
        if key in taken:
            raise InvalidValue("orders", order.order_id, "a decision gives one order an asset", fix="add the two together")
        taken.add(key)
    return replace(account, open=(*account.open, *(OpenOrder(order, order.units) for order in orders if order.units)))


def due_on(account: Account, day: int, delay: int) -> tuple[list[OpenOrder], list[OpenOrder], list[Unfilled]]:
    """(may be filled now, wait, were replaced): of one asset the newest decision counts, and an order is tried once a day."""
    newest: dict[int, OpenOrder] = {}
    waiting, ended = [], []
    for found in sorted(account.open, key=lambda each: each.order.decided):
        if found.order.decided + delay > day:
            waiting.append(found)
            continue
        older = newest.get(found.order.asset)
        if older is not None:
            ended.append(unfilled(older, "a newer order took its place"))
        newest[found.order.asset] = found
    due = [found for found in newest.values() if found.day != day]
    return due, [*waiting, *(found for found in newest.values() if found.day == day)], ended


def withdrawn(account: Account, why: str = "a newer decision took its place") -> tuple[Account, tuple[Unfilled, ...]]:
    """The account without orders of which a part is still to be filled, for who decides anew from what is really held.

    Orders whose day has not come stay.
    """
    working = [found for found in account.open if found.tried]
    if not working:
        return account, ()
    left = tuple(found for found in account.open if not found.tried)
    return replace(account, open=left), tuple(unfilled(found, why) for found in working)


def unfilled(order: OpenOrder, why: str) -> Unfilled:
    return order.order.order_id, f"{abs(order.left):,} of {abs(order.order.units):,} units were not filled: {why}"


def fillable(assets: Indices, left: Units, quotes: Quotes, execution: Execution, share: Fraction) -> tuple[Units, list[str]]:
    """(m,) how much of each order the day lets through, signed, and what holds back the rest: "" where nothing does."""
    reasons = [""] * len(left)
    most = np.abs(left)
    on = f"on {quotes.date}"
    _hold(most, reasons, ~has_price(quotes.prices[assets]), f"no price {on}")
    if execution.participation is not None or has_impact(execution):
        volumes = volume_of(quotes, assets)
        _hold(most, reasons, ~has_price(volumes), f"no volume {on}")
        if execution.participation is not None:
            _participate(most, reasons, volumes, fraction(execution.participation) / share, on)
    if has_impact(execution):
        _hold(most, reasons, ~(volatility_of(quotes, assets) >= 0.0), f"no volatility to charge impact by {on}")
    return np.sign(left) * most, reasons


def _hold(most: Units, reasons: list[str], held: np.ndarray, why: str) -> None:
    if held.any():
        for i in np.flatnonzero(held & (most > 0)).tolist():
            most[i], reasons[i] = 0, why


def _participate(most: Units, reasons: list[str], volumes: Vector, units_a_share: Fraction, on: str) -> None:
    for i in np.flatnonzero(most).tolist():
        cap = int(fraction(volumes[i]) * units_a_share)
        if cap < most[i]:
            most[i], reasons[i] = cap, f"more is not this share of the day's volume {on}"


def volume_of(quotes: Quotes, assets: Indices) -> Vector:
    """(m,) shares traded; NaN where nobody says."""
    return np.full(len(assets), np.nan) if quotes.volumes is None else quotes.volumes[assets]


def volatility_of(quotes: Quotes, assets: Indices) -> Vector:
    """(m,) of daily returns; NaN where nobody says."""
    return np.full(len(assets), np.nan) if quotes.volatility is None else quotes.volatility[assets]
