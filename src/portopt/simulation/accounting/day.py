"""A session begins: interest and borrow since the last one, money in and out, pay dates, ex dates, and the day's prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

import numpy as np

from portopt.domain.action import Action
from portopt.domain.backtest import Execution, Happening
from portopt.simulation.accounting.account import Account, Quotes, marked, values
from portopt.simulation.accounting.actions import applied, money
from portopt.simulation.accounting.fills import paid_out
from portopt.simulation.accounting.money import fraction

DAYS_A_YEAR = 365

Happened = tuple[Happening, ...]


def begin_day(
    account: Account, quotes: Quotes, actions: Sequence[Action], execution: Execution, *, days: int = 0, flow: int = 0
) -> tuple[Account, Happened]:
    """The account at the close of this day before anything is traded, valued at its prices.

    actions: those of this session (`schedule`). days: calendar days since the last session. flow: cents in, below zero out; a
    withdrawal that cash does not reach waits for the next sales. Interest is simple, actual / 365, on cash at the last close,
    at one rate whether above zero or below; borrow the same on what each short position was worth. Each is rounded half-even
    to the cent. Raises DataError for an action that does not say enough.
    """
    account, grown = _interest(account, quotes, execution, days)
    account, borrowed = _borrow(account, quotes, execution, days)
    account, flowed = _flow(account, quotes, flow)
    account, acted = applied(account, actions, quotes, execution)
    account, paid = _paid(account, quotes)
    account = paid_out(replace(account, prices=marked(account.prices, quotes)))
    return account, (*grown, *borrowed, *flowed, *acted, *paid)


def schedule(actions: Sequence[Action], dates: Sequence[date]) -> Mapping[int, tuple[Action, ...]]:
    """Actions by the session on which they happen: the first on or after the ex date. dates: (T,) increasing.

    Those before the first session are in its prices already, those after the last are still to come: neither is here.
    """
    found: dict[int, tuple[Action, ...]] = {}
    ordinals = [day.toordinal() for day in dates]
    for action in actions:
        day = int(np.searchsorted(ordinals, action.ex_date.toordinal()))
        if day < len(ordinals) and action.ex_date > dates[0]:
            found[day] = (*found.get(day, ()), action)
    return found


def _interest(account: Account, quotes: Quotes, execution: Execution, days: int) -> tuple[Account, Happened]:
    cents = round(account.cash * _grown(execution.cash_rate, days))
    if not cents:
        return account, ()
    sentence = f"interest on {money(account.cash)} for {days} days at {execution.cash_rate:.4%}"
    return replace(account, cash=account.cash + cents), (Happening(quotes.day, "interest", None, 0, cents, sentence, cents),)


def _borrow(account: Account, quotes: Quotes, execution: Execution, days: int) -> tuple[Account, Happened]:
    rate = _grown(execution.borrow_rate, days)
    if not rate or not (account.units < 0).any():
        return account, ()
    worth = values(account)
    charged = {i: round(int(worth[i]) * rate) for i in np.flatnonzero(account.units < 0).tolist()}
    told = tuple(
        Happening(quotes.day, "borrow", i, 0, cents, f"borrowing {quotes.ids[i]} for {days} days", cents)
        for i, cents in charged.items()
        if cents
    )
    return replace(account, cash=account.cash + sum(charged.values())), told


def _flow(account: Account, quotes: Quotes, flow: int) -> tuple[Account, Happened]:
    if not flow:
        return account, ()
    if flow > 0:
        account, said = paid_out(replace(account, cash=account.cash + flow)), f"{money(flow)} paid in"
    else:
        account = paid_out(replace(account, owed=account.owed - flow))
        waits = f"; {money(account.owed)} of it waits for sales" if account.owed else ""
        said = f"{money(-flow)} taken out{waits}"
    return account, (Happening(quotes.day, "cash_flow", None, 0, flow, said),)


def _paid(account: Account, quotes: Quotes) -> tuple[Account, Happened]:
    """Dividends whose pay date has come."""
    due = [r for r in account.receivables if r.due <= quotes.date]
    if not due:
        return account, ()
    told = tuple(
        Happening(quotes.day, "dividend_paid", r.asset, 0, r.cents, f"{quotes.ids[r.asset]}: its dividend, {money(r.cents)}")
        for r in due
    )
    left = tuple(r for r in account.receivables if r.due > quotes.date)
    return replace(account, cash=account.cash + sum(r.cents for r in due), receivables=left), told


def _grown(rate: float, days: int) -> Fraction:
    return fraction(rate) * days / DAYS_A_YEAR
