"""Orders become fills at the day's prices: sells settle first and are never refused, buys get what cash pays for.

A sale may leave less cash than there was, where its minimum fee is more than it brings; a buy never leaves cash below zero.
What is owed of withdrawals is paid before anything is bought.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from portopt.domain.arrays import Indices
from portopt.domain.backtest import Cents, Execution, Fill, Order, Units
from portopt.domain.tariff import exact
from portopt.simulation.accounting.account import Account, OpenOrder, Quotes
from portopt.simulation.accounting.charges import Charges, Traded, charges
from portopt.simulation.accounting.money import part
from portopt.simulation.accounting.orders import Unfilled, due_on, fillable, placed, unfilled, volatility_of, volume_of
from portopt.simulation.accounting.scaling import affordable

NO_CASH = "cash does not reach"


def fill(
    account: Account, orders: Sequence[Order], quotes: Quotes, execution: Execution
) -> tuple[Account, tuple[Fill, ...], tuple[Unfilled, ...]]:
    """Place `orders` and fill what is due on this day; the rest of an order waits until it expires.

    An order decided on day t is due from day t + delay on, for `expires` sessions, a day without a price among them. A newer
    order in the same asset, once due, ends an older one. Unfilled: of every order that ended unfilled, how much and why.
    """
    account = placed(account, orders)
    due, waiting, ended = due_on(account, quotes.day, execution.delay)
    if not due:
        return replace(account, open=tuple(waiting)) if ended else account, (), tuple(ended)
    assets = np.array([order.order.asset for order in due], dtype=np.intp)
    left = np.array([order.left for order in due], dtype=np.int64)
    wanted, reasons = fillable(assets, left, quotes, execution, account.share)
    done, which, charged = _settled(account, assets, wanted, quotes, execution)
    for i in np.flatnonzero(done != wanted).tolist():
        reasons[i] = reasons[i] or NO_CASH
    account, profit = _booked(account, assets[which], done[which], charged)
    fills = _fills([due[i].order for i in which.tolist()], done[which], charged, profit, quotes)
    kept, expired = _left_over(due, left - done, reasons, quotes.day, execution.expires)
    return replace(account, open=(*kept, *waiting)), fills, (*ended, *expired)


def _settled(
    account: Account, assets: Indices, wanted: Units, quotes: Quotes, execution: Execution
) -> tuple[Units, Indices, Charges]:
    """(units that are traded, the orders that are, sells first, and what those are charged)."""
    sells, buys = np.flatnonzero(wanted < 0), np.flatnonzero(wanted > 0)
    which = np.concatenate([sells, buys])
    charged = charges(_traded(account, assets[which], wanted[which], quotes), execution)
    outlay = np.sign(wanted[which]) * charged.values + charged.costs
    free, spent = account.free - int(outlay[: len(sells)].sum()), int(outlay[len(sells) :].sum())
    if not len(buys) or 0 < free >= spent:
        return wanted, which, charged
    done = wanted.copy()
    done[buys] = affordable(_traded(account, assets[buys], wanted[buys], quotes), free, execution)
    which = which[done[which] != 0]
    return done, which, charges(_traded(account, assets[which], done[which], quotes), execution)


def paid_out(account: Account) -> Account:
    """Withdrawals that are owed are paid as far as there is cash."""
    paid = min(account.owed, max(account.cash, 0))
    return replace(account, cash=account.cash - paid, owed=account.owed - paid) if paid else account


def _traded(account: Account, assets: Indices, units: Units, quotes: Quotes) -> Traded:
    volumes, volatility = volume_of(quotes, assets), volatility_of(quotes, assets)
    return Traded(np.abs(units), quotes.prices[assets], account.share, volumes, volatility)


def _booked(account: Account, assets: Indices, units: Units, charged: Charges) -> tuple[Account, Cents]:
    """The account after these trades, and what each earned; withdrawals that are owed are paid as far as there is cash."""
    outlay = np.sign(units) * charged.values + charged.costs
    held, basis = account.units.copy(), account.basis.copy()
    basis[assets], profit = after_trade(held[assets], basis[assets], units, outlay)
    held[assets] += units
    return paid_out(replace(account, units=held, basis=basis, cash=account.cash - int(outlay.sum()))), profit


def after_trade(held: Units, basis: Cents, traded: Units, outlay: Cents) -> tuple[Cents, Cents]:
    """(m,) basis after a trade, and what closing part of the position earned, by average cost.

    outlay: what was paid, costs included; below zero for what was received. A trade that crosses zero closes one position and
    opens another, its outlay divided by units. Always: change of basis = outlay + profit.
    """
    closing = np.where(np.sign(held) * np.sign(traded) < 0, np.minimum(np.abs(held), np.abs(traded)), 0)
    if not closing.any():
        return np.asarray(basis + outlay), np.zeros(len(basis), dtype=np.int64)
    of_outlay = part(outlay, closing, np.abs(traded))
    of_basis = part(basis, closing, np.maximum(np.abs(held), 1))
    return np.asarray(basis - of_basis + outlay - of_outlay), np.asarray(-of_outlay - of_basis)


def _fills(orders: Sequence[Order], units: Units, charged: Charges, profit: Cents, quotes: Quotes) -> tuple[Fill, ...]:
    prices = quotes.prices[[order.asset for order in orders]]
    columns = (units, prices, charged.values, charged.commission, charged.spread, charged.impact, profit, charged.capped)
    rows = zip(orders, *(column.tolist() for column in columns), strict=True)
    return tuple(
        Fill(o.order_id, o.decided, quotes.day, o.asset, u, exact(price), v, c, s, i, p, capped)
        for o, u, price, v, c, s, i, p, capped in rows
    )


def _left_over(
    due: Sequence[OpenOrder], left: Units, reasons: Sequence[str], day: int, expires: int
) -> tuple[list[OpenOrder], list[Unfilled]]:
    """What waits for another day, and what has expired."""
    kept, expired = [], []
    for order, rest, why in zip(due, left.tolist(), reasons, strict=True):
        if not rest:
            continue
        now = OpenOrder(order.order, rest, order.tried + 1, day, why)
        if now.tried < expires:
            kept.append(now)
        else:
            expired.append(unfilled(now, why))
    return kept, expired
