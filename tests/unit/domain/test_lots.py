"""Lots beside the shares they lie in."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.domain.errors import DataError
from portopt.domain.holdings import Holdings
from portopt.domain.lots import covered, laid_over, named, repeated
from portopt.domain.tax import ClosedLot, Lot, TaxRecord

DAY = date(2021, 3, 2)


def lot(shares: str, asset: str = "A", lot_id: str = "L1", cost: str | None = "5", day: date | None = DAY) -> Lot:
    return Lot(asset, lot_id, day, Decimal(shares), None if cost is None else Decimal(cost))


def book(*lots: Lot, **shares: str) -> Holdings:
    return Holdings("P1", {asset: Decimal(n) for asset, n in shares.items()}, tax=TaxRecord(lots))


def test_lots_that_cover_what_is_held_stay_as_they_are():
    held = book(lot("60"), lot("40", lot_id="L2"), A="100")
    assert covered(held) == (held, ())
    bare = Holdings("P1", {"A": Decimal(100)})
    assert covered(bare) == (bare, ())


def test_shares_in_no_lot_lie_in_one_of_unknown_cost_and_assets_without_any_are_named():
    held, said = covered(book(lot("60"), lot("5", "B", "unknown"), A="90", B="8", C="7", D="-3", E="0"))
    assert held.tax is not None
    assert held.tax.lots[2:] == (
        Lot("A", "unknown", None, Decimal(30), None),
        Lot("B", "unknown #1", None, Decimal(3), None),
    )
    assert said == (
        "30 shares of A lie in no lot: when they were bought and for how much is not known",
        "3 shares of B lie in no lot: when they were bought and for how much is not known",
        "no lots are told of C: what selling them is taxed at is not known",
    )
    assert covered(held) == (held, (said[2],))


@pytest.mark.parametrize(
    ("lots", "shares", "why", "fix"),
    [
        ((lot("60"), lot("41", lot_id="L2")), "100", "A: its lots add to 101 shares, and 100 are held", "take out the lots"),
        ((lot("60"),), "0", "A: its lots add to 60 shares, and none is held", "correct the shares"),
        ((lot("60"),), "-60", "A: 60 shares are sold short, and lots of 60 shares are told of it", "leave its lots out"),
        ((lot("50"),), "100", "100 are held, 2 times as many: was it split", "shares times 2, cost per share divided by 2"),
        ((lot("40"),), "400", "400 are held, 10 times as many", "the other 360 shares as a lot without a date and a cost"),
        ((lot("100"),), "10", "10 times the 10 that are held: were shares put together", "shares times 1/10, cost"),
        ((lot("30"),), "1", "add to 30 shares, and 1 are held", "take out the lots that were sold"),
    ],
)
def test_more_in_lots_than_is_held_and_what_looks_like_a_split_is_asked_about(lots, shares, why, fix):
    with pytest.raises(DataError) as caught:
        covered(book(*lots, A=shares))
    assert why in str(caught.value)
    assert any(fix in said for said in caught.value.fixes)


def test_everything_wrong_is_named_at_once():
    with pytest.raises(DataError) as caught:
        covered(book(lot("11"), lot("11", "B"), lot("12", "C"), A="10", B="10", C="14"))
    assert caught.value.measured["count"] == 2


def test_lots_without_a_name_are_called_by_day_and_place_and_leave_the_names_of_others():
    lots = named([lot("1", lot_id=""), lot("2", lot_id="2021-03-02 #2"), lot("3", lot_id=""), lot("4", lot_id="", day=None)])
    assert [one.lot_id for one in lots] == ["2021-03-02 #1", "2021-03-02 #2", "2021-03-02 #3", "unknown #1"]
    assert repeated(lots) == []
    assert named(lots) == lots
    assert repeated([lot("1"), lot("2"), lot("1", "B")]) == [("A", "L1")]


def test_what_is_said_now_counts_and_of_what_it_does_not_speak_what_was_said_before():
    closed = ClosedLot("A", "L0", DAY, date(2024, 1, 2), Decimal(1), Decimal(5), Decimal(4))
    before = TaxRecord((lot("9"),), (closed,), realized_short=Decimal(-1))
    assert laid_over(before, TaxRecord((lot("10"),))) == replace(before, lots=(lot("10"),))
    assert laid_over(before, TaxRecord(carried_long=Decimal(7))) == replace(
        before, realized_short=Decimal(0), carried_long=Decimal(7)
    )
    assert laid_over(None, before) == before


AMOUNTS = st.decimals("0.001", "100000", places=3, allow_nan=False, allow_infinity=False)


@given(st.dictionaries(st.sampled_from("ABC"), st.lists(AMOUNTS, min_size=1, max_size=4)), st.data())
def test_whatever_is_held_its_lots_add_to_it_afterwards_or_it_is_refused(told, data):
    lots = [lot(str(n), asset, "") for asset, amounts in told.items() for n in amounts]
    shares = {asset: str(data.draw(AMOUNTS)) for asset in told}
    held = replace(book(*named(lots), **shares), tax=TaxRecord(named(lots)))
    try:
        after, _ = covered(held)
    except DataError:
        assert any(sum(amounts) != Decimal(shares[asset]) for asset, amounts in told.items())
        return
    assert after.tax is not None
    for asset in told:
        assert sum(one.shares for one in after.tax.lots_of(asset)) == Decimal(shares[asset])
    assert after.tax.lots[: len(lots)] == held.tax.lots  # nothing that was told is changed
