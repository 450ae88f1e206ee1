"""What a person is told of the prices beside the findings: days that are not everybody's, and how a year was counted."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from portopt.domain.holdings import Holdings
from portopt.domain.market import MarketSnapshot
from portopt.market.notes import notes_on_holdings, notes_on_the_calendar, notes_on_the_year


def snapshot(dates: np.ndarray, closed: np.ndarray | None = None) -> MarketSnapshot:
    rng = np.random.default_rng(0)
    prices = 50 * np.cumprod(1 + rng.normal(0, 0.01, (len(dates), 2)), axis=0)
    if closed is not None:
        prices[closed, 0] = np.nan
    return MarketSnapshot("pack-0", dates[-1].item(), ("A", "COIN"), dates, prices, None, "made", "adjusted")


DAILY = np.arange(np.datetime64("2023-01-02"), np.datetime64("2023-12-31"))
WEEKEND = ~np.is_busday(DAILY)


def test_weekends_of_one_are_counted_and_told():
    (note,) = notes_on_the_calendar(snapshot(DAILY, WEEKEND))
    assert note.startswith(f"{WEEKEND.sum()} of {len(DAILY)} days are kept by some of the assets only")
    assert notes_on_the_calendar(snapshot(DAILY)) == ()


@pytest.mark.parametrize(("stated", "told"), [("1.02", True), ("204", True), ("130", False), ("80", False)])
def test_holdings_that_state_another_price_than_the_source_are_told(stated, told):
    at_102 = replace(snapshot(DAILY[-2:]), prices=np.array([[100.0, 50.0], [102.0, 51.0]]))
    book = Holdings("p", {"A": Decimal(40)}, stated_prices={"A": Decimal(stated), "COIN": Decimal(1)})
    notes = notes_on_holdings(at_102, book, frozenset())
    assert bool(notes) is told
    assert all(f"a price of {stated} for A, and made has 102: another unit (pence)" in note for note in notes)


def test_a_year_counted_otherwise_than_asked_is_told():
    (note,) = notes_on_the_year(snapshot(DAILY), 252.0, 12.0)
    assert note == "The prices come 12 times a year: means and variances count that, and not 252 periods a year"


@pytest.mark.parametrize(("asked", "closed", "told"), [(252.0, None, True), (365.0, None, False), (252.0, WEEKEND, False)])
def test_seven_days_a_week_counted_as_trading_days_are_told(asked, closed, told):
    notes = notes_on_the_year(snapshot(DAILY, closed), asked, asked)
    assert [("periods_per_year = 365" in note) for note in notes] == ([True] if told else [])
