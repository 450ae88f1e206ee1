"""Shares, lots and prices across a split, by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.domain.errors import InvalidValue
from portopt.domain.holdings import Holdings
from portopt.domain.tax import ClosedLot, Lot, TaxRecord
from portopt.intake.converted import after_splits, assets_of, splits_of

OLD, NEW = (
    Lot("A", "L1", date(2020, 1, 2), Decimal(60), Decimal("100.00")),
    Lot("A", "L2", date(2023, 5, 4), Decimal(41), Decimal("400.10")),
)
OTHER = Lot("B", "L1", date(2020, 1, 2), Decimal(7), None)
SOLD = ClosedLot("A", "C1", date(2019, 1, 2), date(2024, 3, 1), Decimal(10), Decimal("50.00"), Decimal("390.00"))
HELD = Holdings(
    "P",
    {"A": Decimal(101), "B": Decimal(7)},
    Decimal("12.34"),
    stated_prices={"A": Decimal("400.00"), "B": Decimal(9)},
    accounts={"IRA": {"A": Decimal(51)}, "TAXABLE": {"A": Decimal(50), "B": Decimal(7)}},
    tax=TaxRecord((OLD, NEW, OTHER), (SOLD,)),
)


def test_four_for_one_makes_four_times_the_shares_of_lots_that_cost_a_quarter():
    held, notes = after_splits(HELD, {"A": Fraction(4)}, "splits")
    assert held.shares == {"A": Decimal(404), "B": Decimal(7)}
    assert (held.cash, held.stated_prices["A"], held.stated_prices["B"]) == (Decimal("12.34"), Decimal(100), Decimal(9))
    assert held.accounts == {"IRA": {"A": Decimal(204)}, "TAXABLE": {"A": Decimal(200), "B": Decimal(7)}}
    assert held.tax is not None
    old, new, other = held.tax.lots
    assert (old.shares, old.cost_per_share, old.acquired_on) == (Decimal(240), Decimal(25), OLD.acquired_on)
    assert (new.shares, new.cost_per_share) == (Decimal(164), Decimal("100.025"))
    assert other is OTHER
    (sold,) = held.tax.closed
    assert (sold.shares, sold.cost_per_share, sold.proceeds_per_share) == (Decimal(40), Decimal("12.5"), Decimal("97.5"))
    assert sold.loss == SOLD.loss
    assert held.splits == {"A": "4:1"}
    assert notes == ("404 shares of A, its lots with them, are those after a split of 4:1, as was stated",)


def test_a_split_is_carried_out_once():
    once, notes = after_splits(HELD, {"A": Fraction(4)}, "splits")
    assert after_splits(once, {"A": Fraction(4)}, "splits") == (once, notes)
    with pytest.raises(InvalidValue, match="a split of 4:1 that the shares of A were converted by already"):
        after_splits(once, {"A": Fraction(2)}, "splits")


def test_what_is_left_of_a_share_is_paid_in_money_and_asked_about():
    """3 for 2: 51 are 76.5, 50 are 75; whole shares are 76 and 75 = 151, half a share is left, taken off the newest lot."""
    held, notes = after_splits(HELD, {"A": Fraction(3, 2)}, "splits")
    assert held.shares["A"] == Decimal(151)
    assert held.accounts["IRA"]["A"] == Decimal(76)
    assert held.tax is not None
    assert [lot.shares for lot in held.tax.lots_of("A")] == [Decimal(90), Decimal(61)]  # 41 * 3/2 = 61.5, less the half
    assert "leaves 0.5 of a share over, which is paid in money: it is not counted here" in notes[0]


def test_a_consolidation_makes_fewer_shares_that_cost_more():
    held, notes = after_splits(HELD, {"A": Fraction(1, 10)}, "splits")
    assert held.shares["A"] == Decimal(10)  # 5.1 and 5.0 in the two accounts
    assert held.stated_prices["A"] == Decimal(4000)
    assert held.tax is not None
    assert [(lot.shares, lot.cost_per_share) for lot in held.tax.lots_of("A")] == [(6, 1000), (4, 4001)]
    assert "leaves 0.1 of a share over" in notes[0]


def test_fractions_that_were_held_stay():
    held, notes = after_splits(Holdings("P", {"A": Decimal("10.125")}), {"A": Fraction(4)}, "splits")
    assert held.shares["A"] == Decimal("40.5")
    assert len(notes) == 1


@given(
    st.lists(st.tuples(st.integers(1, 10_000), st.integers(1, 10**7)), min_size=1, max_size=6),
    st.fractions(min_value=Fraction(1, 50), max_value=50).filter(lambda r: r != 1),
)
def test_lots_add_to_the_shares_and_cost_what_they_did(lots, ratio):
    tax = TaxRecord(
        tuple(Lot("A", str(i), date(2020, 1, 1 + i), Decimal(n), Decimal(c) / 100) for i, (n, c) in enumerate(lots))
    )
    shares = sum((lot.shares for lot in tax.lots), Decimal(0))
    held, _ = after_splits(Holdings("P", {"A": shares}, tax=tax), {"A": ratio}, "splits")
    assert held.tax is not None
    assert sum((lot.shares for lot in held.tax.lots), Decimal(0)) == held.shares["A"]
    before = {lot.lot_id: lot for lot in tax.lots}
    for lot in held.tax.lots[:-1]:
        old = before[lot.lot_id]
        assert lot.cost_per_share is not None
        assert old.cost_per_share is not None
        assert abs(Fraction(lot.cost_per_share) * ratio - Fraction(old.cost_per_share)) < Fraction(1, 10**7)


def test_splits_and_assets_are_read_as_people_write_them():
    assert splits_of("--split", ["AAPL=4:1", "XYZ=1:10, T=3:2"]) == {"AAPL": 4, "XYZ": Fraction(1, 10), "T": Fraction(3, 2)}
    assert splits_of("split", {"AAPL": "2-for-1", "B": 0.5}) == {"AAPL": 2, "B": Fraction(1, 2)}
    assert assets_of("confirm_shares", ["B, A", "A"]) == ("A", "B")


@pytest.mark.parametrize(
    ("said", "why"),
    [(["AAPL"], "states no ratio"), (["AAPL=x"], "is no ratio"), (["AAPL=1:1"], "is no ratio"), (7, "is no list"),
     (["A=2:1", "A=3:1"], "is a second ratio")],
)  # fmt: skip
def test_what_is_no_split_is_refused(said, why):
    with pytest.raises(InvalidValue, match=why):
        splits_of("--split", said)


def test_a_split_of_what_is_not_held_is_refused():
    with pytest.raises(InvalidValue, match="is not held"):
        after_splits(HELD, {"Z": Fraction(2)}, "splits")
