"""Lots beside the prices there are: what cannot be, what is odd, and what is neither."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from portopt.domain.errors import DataError
from portopt.domain.holdings import Holdings
from portopt.domain.market import MarketSnapshot
from portopt.domain.tax import ClosedLot, Lot, TaxRecord
from portopt.market.lot_checks import notes_on_lots, require_lots_of_their_time

DAYS = np.arange(np.datetime64("2023-01-02"), np.datetime64("2024-03-29"))
AS_OF = date(2024, 3, 28)
# A rises from 100 to 150, B stands at 20 and has no price in the middle.
PRICES = np.column_stack([np.linspace(100.0, 150.0, len(DAYS)), np.full(len(DAYS), 20.0)])
PRICES[100:110, 1] = np.nan
SNAPSHOT = MarketSnapshot("pack-0", AS_OF, ("A", "B"), DAYS, PRICES, None, "made", "adjusted")
BEFORE, WITHIN, IN_THE_GAP = date(2010, 5, 4), date(2023, 7, 3), DAYS[105].astype(object)


def held(*lots: Lot, closed: tuple[ClosedLot, ...] = ()) -> Holdings:
    return Holdings("p", {lot.asset_id: lot.shares for lot in lots}, tax=TaxRecord(lots, closed))


def lot(day: date | None, shares: str, cost: str | None, asset: str = "A") -> Lot:
    return Lot(asset, "L1", day, Decimal(shares), None if cost is None else Decimal(cost))


@pytest.mark.parametrize(
    "plain",
    [
        lot(WITHIN, "40", "118.5"),
        lot(WITHIN, "40", "95"),  # prices are adjusted for dividends: what was paid is not quite one of them
        lot(BEFORE, "40", "7.25"),
        lot(None, "40", None),
        lot(WITHIN, "40", "0"),  # a spin-off: said where it was read
        lot(AS_OF, "40", "150"),
        lot(WITHIN, "40", "118.5", "NOT-PRICED"),
        lot(IN_THE_GAP, "3", "60", "B"),
    ],
)
def test_what_can_be_is_neither_refused_nor_noted(plain):
    require_lots_of_their_time(SNAPSHOT, held(plain))
    assert notes_on_lots(SNAPSHOT, held(plain)) == ()
    assert notes_on_lots(SNAPSHOT, Holdings("p", {"A": Decimal(1)})) == ()


def test_the_cost_of_all_its_shares_as_the_cost_of_one_is_refused_with_both_numbers():
    price = 20.0
    wrong = lot(IN_THE_GAP, "40", str(40 * price), "B")  # that day has no price, the last before it counts
    with pytest.raises(DataError) as caught:
        require_lots_of_their_time(SNAPSHOT, held(wrong))
    assert f"said to have cost 800 a share on {IN_THE_GAP}, when the price was 20: that is what all 40 shares cost" in str(
        caught.value
    )
    assert caught.value.fixes == ("give what one share cost, 20.0000 for it, or call the column total_cost",)
    # Of a day before the prices nobody knows what a share cost: it is asked about, and counts as it is said.
    require_lots_of_their_time(SNAPSHOT, held(lot(BEFORE, "40", "800", "B")))


@pytest.mark.parametrize(
    ("odd", "sentence"),
    [
        (lot(BEFORE, "40", "800"), "A: the lot L1 cost 800 a share, and no price is above 150: is that all of its cost?"),
        (lot(None, "40", "2.99"), "A: the lot L1 cost 2.99 a share, and prices reach 150: is that of before a split?"),
        (lot(date(2024, 4, 2), "1", "150"), "A: the lot L1 was acquired on 2024-04-02, after the newest prices (2024-03-28)"),
    ],
)
def test_what_is_odd_is_noted_by_its_lot_and_counts(odd, sentence):
    require_lots_of_their_time(SNAPSHOT, held(odd))
    assert notes_on_lots(SNAPSHOT, held(odd)) == (sentence,)


def test_lots_of_a_time_that_the_prices_do_not_reach_are_refused():
    late = AS_OF + timedelta(days=8)
    closed = ClosedLot("B", "L0", None, late, Decimal(1), None, Decimal(20))
    with pytest.raises(DataError) as caught:
        require_lots_of_their_time(SNAPSHOT, held(lot(late, "1", "150"), closed=(closed,)))
    assert "A: the lot L1 was acquired on 2024-04-05, and the newest prices are of 2024-03-28" in str(caught.value)
    assert "B: the lot L0 was closed on 2024-04-05" in str(caught.value)
    assert len(caught.value.fixes) == 1


def test_many_that_are_odd_are_counted():
    lots = [Lot("A", f"L{k}", None, Decimal(1), Decimal(1)) for k in range(25)]
    notes = notes_on_lots(SNAPSHOT, held(*lots))
    assert (len(notes), notes[-1]) == (11, "and 15 more lots are as odd as these")
