"""A book that is carried into a simulation: what it earned and owed for the days before the first session is its own."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from made_histories import drawn_prices, history, policy, request

from portopt.domain.backtest import Order
from portopt.simulation.accounting import Account, Quotes, begin_day, fill, opened
from portopt.simulation.history import History, Known
from portopt.simulation.simulate import simulate
from portopt.simulation.strategies import Decided, Held

RATES = {"cash_rate": 0.0375, "borrow_rate": 0.0123}


class Keeps:
    """Never trades."""

    def decide(self, known: Known, held: Held) -> Decided:
        weights = np.zeros(len(known.ids) + 1)
        return Decided(held.units.copy(), weights, weights, 0.0, None, (), "", None)


def _book(h: History, row: int) -> Account:
    """Long of one, short of another since the close of that row."""
    quotes, execution = Quotes(row, h.dates[row].item(), h.ids, h.prices[row]), request(h, delay=0).execution
    account = begin_day(opened(len(h.ids), 5_000_000), quotes, (), execution)[0]
    orders = (Order("long", row, 0, 120), Order("short", row, 1, -75))
    return fill(account, orders, quotes, execution)[0]


def _naive_cash(h: History, book: Account, row: int, last: int) -> int:
    """Cents at the close of `last`: a day at a time, in fractions."""
    cash = book.cash
    for t in range(row + 1, last + 1):
        days = (h.dates[t].item() - h.dates[t - 1].item()).days
        short = round(Fraction(str(h.prices[t - 1, 1])) * 75 * 100)
        interest = round(cash * Fraction("0.0375") * days / 365)
        cash += interest - round(short * Fraction("0.0123") * days / 365)
    return cash


@pytest.mark.parametrize("row", [20, 22, 27])  # a Wednesday, a Friday before a weekend, a Friday
def test_days_before_the_first_session_are_charged_to_a_book_that_was_held_on_them(row: int) -> None:
    h = history(drawn_prices(60, 3))
    asked = request(h, policy=policy(min_observations=5), **RATES)
    book = _book(h, row)
    found = simulate(asked, h, Keeps(), start=_day(h, row + 1), end=_day(h, 50), book=book)
    assert int(found.cash[-1]) == _naive_cash(h, book, row, 50)


def test_capital_in_cash_earns_nothing_before_it_is_there() -> None:
    h = history(drawn_prices(60, 3))
    asked = request(h, policy=policy(min_observations=5), capital=50_000, **RATES)
    found = simulate(asked, h, Keeps(), start=_day(h, 23), end=_day(h, 40))
    assert int(found.cash[0]) == 5_000_000
    assert int(found.cash[1]) > 5_000_000


def test_two_simulations_one_after_the_other_come_to_what_one_does() -> None:
    h = history(drawn_prices(60, 3))
    asked = request(h, policy=policy(min_observations=5), **RATES)
    book = _book(h, 22)
    whole = simulate(asked, h, Keeps(), start=_day(h, 23), end=_day(h, 50), book=book)
    first = simulate(asked, h, Keeps(), start=_day(h, 23), end=_day(h, 32), book=book)
    between = Account(first.units[-1], book.basis, h.prices[32], int(first.cash[-1]))
    second = simulate(asked, h, Keeps(), start=_day(h, 33), end=_day(h, 50), book=between)
    assert np.array_equal(np.concatenate([first.cash, second.cash]), whole.cash)
    assert np.array_equal(np.concatenate([first.equity, second.equity]), whole.equity)


def _day(h: History, row: int) -> date:
    found: date = h.dates[row].item()
    return found
