"""The ledger on random histories: every identity on every day, and a second accounting that agrees to the cent.

PORTOPT_LEDGER_HISTORIES=10000 runs as many; the suite runs a sample.
"""

from __future__ import annotations

import os
from fractions import Fraction
from functools import lru_cache

import numpy as np
from independent_accounting import account_for
from ledger_histories import LedgerHistory, random_history

from portopt.domain.backtest import Fill, Happening
from portopt.simulation.accounting import Account, Quotes, begin_day, equity, fill, opened
from portopt.simulation.accounting.checks import Day, broken
from portopt.simulation.accounting.profit import profits

HISTORIES = int(os.environ.get("PORTOPT_LEDGER_HISTORIES", "200"))


@lru_cache(maxsize=256)
def run(seed: int) -> tuple[LedgerHistory, list[Day], list[str]]:
    """A history, every day of its ledger, and the orders that ended unfilled."""
    h = random_history(seed)
    account, days, unfilled = opened(len(h.ids), h.capital, fractional=h.fractional), [], []
    for t, day in enumerate(h.dates):
        quotes = Quotes(t, day, h.ids, h.prices[t], h.volumes[t], h.volatility[t])
        passed = (day - h.dates[t - 1]).days if t else 0
        began, happened = begin_day(account, quotes, h.actions.get(t, ()), h.execution, days=passed, flow=h.flows.get(t, 0))
        after, fills, ended = fill(began, h.orders.get(t, ()), quotes, h.execution)
        days.append(Day(account, began, after, quotes, happened, fills, h.orders.get(t, ())))
        unfilled += [name for name, _ in ended]
        account = after
    return h, days, unfilled


def as_told(f: Fill) -> tuple[object, ...]:
    return (f.order_id, f.day, f.asset, f.units, Fraction(f.price), f.value, f.commission, f.spread, f.impact, f.profit)


def at_the_end(account: Account) -> tuple[object, ...]:
    due = sum(r.cents for r in account.receivables)
    return account.cash, account.owed, equity(account), tuple(account.units), tuple(account.basis), due


def test_every_identity_holds_on_every_day_of_every_history() -> None:
    wrong = {}
    for seed in range(HISTORIES):
        h, days, _ = run(seed)
        found = [sentence for day in days for sentence in broken(day, h.execution)]
        told: list[Happening] = [each for day in days for each in day.happenings]
        of = profits([f for day in days for f in day.fills], told, days[-1].after)
        if equity(days[-1].after) != h.capital + of.flows + of.total:
            found.append("profit by asset does not add up to the change of equity")
        if found:
            wrong[seed] = found
    assert wrong == {}


def test_a_second_accounting_agrees_to_the_cent() -> None:
    differ = {}
    for seed in range(HISTORIES):
        h, days, unfilled = run(seed)
        ends, books = account_for(h)
        ours = [at_the_end(day.after) for day in days]
        theirs = [(e.cash, e.owed, e.equity, e.held, e.cost, e.coming) for e in ends]
        same = ours == theirs
        same &= sorted(as_told(f) for day in days for f in day.fills) == sorted(books.fills)
        same &= sorted(unfilled) == sorted(books.unfilled)
        earned = sum(x.profit for day in days for x in (*day.fills, *day.happenings))
        if not same or earned != books.earned:
            differ[seed] = next((t for t, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1]), "fills")
    assert differ == {}


def test_the_histories_hold_what_they_are_meant_to_hold() -> None:
    """Or agreement would say little: every kind of action and of fill happens often."""
    kinds: dict[str, int] = {}
    for seed in range(200):
        _, days, unfilled = run(seed)
        account = days[-1].after
        for name in (h.kind for day in days for h in day.happenings):
            kinds[name] = kinds.get(name, 0) + 1
        kinds["fill"] = kinds.get("fill", 0) + sum(len(day.fills) for day in days)
        kinds["capped"] = kinds.get("capped", 0) + sum(f.capped for day in days for f in day.fills)
        kinds["unfilled"] = kinds.get("unfilled", 0) + len(unfilled)
        kinds["short"] = kinds.get("short", 0) + int(any((day.after.units < 0).any() for day in days))
        kinds["owed"] = kinds.get("owed", 0) + int(any(day.after.owed > 0 for day in days))
        kinds["basis"] = kinds.get("basis", 0) + int(np.any(account.basis))
    wanted = {"interest", "borrow", "cash_flow", "dividend", "dividend_paid", "split", "cash_in_lieu", "spin_off", "delisting",
              "delisting_fee", "order_ended", "fill", "capped", "unfilled", "short", "owed", "basis"}  # fmt: skip
    assert {name for name in wanted if kinds.get(name, 0) < 10} == set()
