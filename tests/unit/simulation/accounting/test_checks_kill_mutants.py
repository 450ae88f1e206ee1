"""Row 8 of the faults that real backtesters had, an assertion that could not fail: every check kills its mutant."""

from __future__ import annotations

import importlib
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from one_ledger import OneLedger

from portopt.domain.action import Action
from portopt.domain.backtest import Execution
from portopt.simulation.accounting.checks import broken

MUTANTS = {
    "cash is": lambda d: replace(d, after=replace(d.after, cash=d.after.cash - 1)),
    "units of A": lambda d: replace(d, after=replace(d.after, units=d.after.units + np.array([1, 0]))),
    "dividends that are due": lambda d: replace(d, after=replace(d.after, receivables=())),
    "profit is": lambda d: replace(d, fills=[replace(d.fills[0], profit=d.fills[0].profit + 1), *d.fills[1:]]),
    "price is": lambda d: replace(d, fills=[replace(d.fills[0], price=Decimal("9.99")), *d.fills[1:]]),
    "value is": lambda d: replace(d, fills=[replace(d.fills[0], value=d.fills[0].value + 1), *d.fills[1:]]),
    "commission is": lambda d: replace(d, fills=[replace(d.fills[0], commission=2 * d.fills[0].commission), *d.fills[1:]]),
    "spread is": lambda d: replace(d, fills=[replace(d.fills[0], spread=0), *d.fills[1:]]),
    "impact is": lambda d: replace(d, fills=[replace(d.fills[0], impact=0), *d.fills[1:]]),
    "was filled with": lambda d: replace(d, fills=[replace(d.fills[0], units=-401), *d.fills[1:]]),
    "a buy left cash": lambda d: replace(d, after=replace(d.after, cash=-1)),
    "nothing is left": lambda d: replace(d, fills=[replace(d.fills[0], spread=d.fills[0].value), *d.fills[1:]]),
}  # fmt: skip


@pytest.fixture
def eventful() -> OneLedger:
    costs = Execution(delay=0, commission_bps=10.0, spread_bps=10.0, impact=0.5, borrow_rate=0.02)
    ledger = OneLedger(["A", "B"], 10_000, costs)
    quiet = {"volumes": {"A": 1e5, "B": 1e5}, "volatility": {"A": 0.01, "B": 0.02}}
    ledger.day({"A": 10.0, "B": 4.0}, {"A": 400}, **quiet)
    paid = Action("A", "dividend", ledger.on(1), ledger.on(9), amount=Decimal("0.1"))
    return ledger.day({"A": 10.5, "B": 4.0}, {"A": -399, "B": 100}, actions=[paid], **quiet)


@pytest.mark.parametrize("said", MUTANTS)
def test_row_8_every_check_of_a_day_kills_its_mutant(said: str, eventful: OneLedger):
    day = eventful.days[-1]
    assert broken(day, eventful.execution) == ()
    assert any(said in sentence for sentence in broken(MUTANTS[said](day), eventful.execution))


CODE_MUTANTS = {
    "commissions are charged twice": ("charges.commission_of", lambda was: lambda *a: 2 * was(*a)),
    "commissions are forgotten": ("charges.commission_of", lambda was: lambda *a: 0 * was(*a)),
    "a spread is charged whole": ("charges.rates_of", lambda was: lambda e: replace(was(e), spread=2 * was(e).spread)),
    "impact is forgotten": ("charges._impact", lambda was: lambda *a: 0 * was(*a)),
    "money is cut and not rounded": ("fills.charges", lambda was: lambda *a: _one_less(was(*a))),
    "profit forgets what closing cost": ("fills.after_trade", lambda was: lambda h, b, t, o: (was(h, b, t, o)[0], 0 * b)),
    "buys are not cut": ("fills.affordable", lambda was: lambda buys, cash, e: buys.units),
    "a dividend is paid twice": ("day._paid", lambda was: lambda a, q: _paid_twice(was(a, q))),
    "interest is not booked": ("day._interest", lambda was: lambda a, q, e, d: (a, was(a, q, e, d)[1])),
    "a withdrawal is not booked": ("day._flow", lambda was: lambda a, q, f: (a, was(a, q, f)[1])),
    "an order is filled beyond its size": ("fills.fillable", lambda was: lambda *a: (2 * was(*a)[0], was(*a)[1])),
}


def _one_less(charged):
    return replace(charged, values=charged.values - 1)


def _paid_twice(done):
    account, told = done
    return replace(account, cash=account.cash + sum(h.cents for h in told)), told


@pytest.mark.parametrize("fault", CODE_MUTANTS)
def test_row_8_a_ledger_that_is_wrong_in_this_way_is_found_out(fault: str, monkeypatch: pytest.MonkeyPatch):
    """The whole of a small history with the fault planted into the ledger's own code."""

    def history() -> list[str]:
        costs = Execution(delay=0, commission_bps=10.0, spread_bps=10.0, impact=0.5, cash_rate=0.03)
        ledger = OneLedger(["A", "B"], 10_000, costs, checked=False)
        quiet = {"volumes": {"A": 1e5, "B": 1e5}, "volatility": {"A": 0.01, "B": 0.02}}
        ledger.day({"A": 10.0, "B": 4.0}, {"A": 999}, **quiet)
        paid = Action("A", "dividend", ledger.on(1), amount=Decimal("0.1"))
        ledger.day({"A": 10.5, "B": 4.0}, {"A": -399, "B": 100}, actions=[paid], flow=500_000, later=30, **quiet)
        ledger.day({"A": 10.5, "B": 4.0}, {"A": -99}, flow=-300_000, **quiet)
        return [sentence for day in ledger.days for sentence in broken(day, costs)]

    assert history() == []
    place, mutate = CODE_MUTANTS[fault]
    module = importlib.import_module(f"portopt.simulation.accounting.{place.split('.')[0]}")
    name = place.split(".")[1]
    monkeypatch.setattr(module, name, mutate(getattr(module, name)))
    assert history() != []
