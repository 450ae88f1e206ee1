"""Wash sales: published examples, both directions, and share by share beside a matching of single shares."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.domain.tax import ClosedLot, Lot, LotSale, TaxRecord, TaxRules
from portopt.taxation.wash_sales import Disallowed, WashSales, blocked_buys, blocked_sells, disallowed

NOW = date(2026, 12, 1)
LAW = TaxRules("law", 0.37, 0.2, wash_days_before=30, wash_days_after=30, identical={"VOO": "VOO", "IVV": "VOO"})
AFTER = TaxRules("after", 0.24, 0.24, wash_days_after=30, method="average")


def ago(days: int) -> date:
    return NOW - timedelta(days=days)


def lot(lot_id: str, days: int | None, shares: int, cost: int = 100, asset: str = "VOO") -> Lot:
    return Lot(asset, lot_id, None if days is None else ago(days), D(shares), D(cost))


def closed(lot_id: str, bought: int, sold: int, shares: int, proceeds: int, asset: str = "VOO") -> ClosedLot:
    return ClosedLot(asset, lot_id, ago(bought), ago(sold), D(shares), D(100), D(proceeds))


def sale(of: Lot, shares: int, price: int) -> LotSale:
    gain = None if of.cost_per_share is None else (D(price) - of.cost_per_share) * shares
    return LotSale(of, D(shares), D(price) * shares, gain, "long")


# Treas. Reg. 1.1091-2, examples 1 and 2: a share that cost 100 is sold for 80 on 15 January 1955, another bought on 1 February
# for 90, or for 70: their basis is 110, or 90.
@pytest.mark.parametrize(("price", "basis"), [(90, 110), (70, 90)])
def test_the_basis_of_what_was_bought_in_the_examples_of_the_regulation(price: int, basis: int) -> None:
    sold = ClosedLot("X", "old", date(1935, 1, 15), date(1955, 1, 15), D(1), D(100), D(80))
    found = disallowed([], {"X": D(1)}, TaxRecord(closed=(sold,)), date(1955, 2, 1), LAW)
    (moved,) = found.of_closed[0].moved
    assert price + moved.amount / moved.shares == basis
    assert moved.held_days == (date(1955, 1, 15) - date(1935, 1, 15)).days


# Internal Revenue Service, case study of wash sales on Form 1099-B: 100 shares bought for 1,000 and sold for 750, 100 bought
# within 30 days for 800: a loss of 250 that cannot be deducted, and a basis of 1,050.
def test_the_case_study_of_the_revenue_service() -> None:
    sold = ClosedLot("X", "1", ago(200), ago(20), D(100), D(10), D("7.50"))
    found = disallowed([], {"X": D(100)}, TaxRecord(closed=(sold,)), NOW, LAW)
    assert found.of_closed[0].amount == 250
    assert 800 + sum(part.amount for part in found.of_closed[0].moved) == 1_050


def test_bought_before_and_sold_now() -> None:
    old, new = lot("old", 400, 10), lot("new", 30, 4, asset="IVV")
    record = TaxRecord((old, new))
    found = disallowed([sale(old, 10, 90)], {}, record, NOW, LAW)
    assert (found.of_sales[0].amount, found.of_sales[0].shares) == (40, 4)
    assert blocked_sells(record, NOW, LAW) == {
        ("VOO", "old"): "4 IVV (lot new) were bought on 2026-11-01: a loss on VOO does not count before 2026-12-02"
    }


def test_sold_before_and_bought_now() -> None:
    record = TaxRecord(closed=(closed("gone", 400, 30, 10, 90),))
    assert disallowed([], {"IVV": D(3)}, record, NOW, LAW).of_closed[0].amount == 30
    lost = "10 VOO (lot gone) were sold on 2026-11-01 at a loss of 100.00"
    sentence = f"{lost}: it does not count if VOO or IVV is bought before 2026-12-02"
    assert blocked_buys(record, NOW, LAW) == {"VOO": (sentence, date(2026, 12, 2))}
    assert blocked_buys(record, date(2026, 12, 2), LAW) == {}
    assert disallowed([], {"IVV": D(3)}, record, date(2026, 12, 2), LAW).of_closed[0].amount == 0


def test_sold_now_and_the_same_bought_now() -> None:
    old = lot("old", 400, 10)
    found = disallowed([sale(old, 10, 90)], {"IVV": D(6)}, TaxRecord((old,)), NOW, LAW)
    assert (found.of_sales[0].amount, found.of_sales[0].moved[0].lot_id) == (60, None)


def test_a_gain_and_an_unknown_gain_have_nothing_to_take_away() -> None:
    up, unknown, new = lot("up", 400, 10), Lot("VOO", "gift", ago(400), D(5), None), lot("new", 3, 50)
    found = disallowed([sale(up, 10, 110), sale(unknown, 5, 90)], {}, TaxRecord((up, unknown, new)), NOW, LAW)
    assert found.of_sales == (Disallowed(), Disallowed())


def test_part_of_the_only_new_lot_is_no_wash_sale_and_two_new_lots_are() -> None:
    one, two = lot("one", 10, 10), lot("two", 5, 10)
    assert blocked_sells(TaxRecord((one,)), NOW, LAW) == {}
    assert disallowed([sale(one, 4, 90)], {}, TaxRecord((one,)), NOW, LAW).of_sales[0].amount == 0
    assert set(blocked_sells(TaxRecord((one, two)), NOW, LAW)) == {("VOO", "one"), ("VOO", "two")}


def test_new_shares_that_are_sold_as_well_replace_nothing() -> None:
    old, new = lot("old", 400, 10), lot("new", 10, 10)
    found = disallowed([sale(old, 10, 90), sale(new, 7, 90)], {}, TaxRecord((old, new)), NOW, LAW)
    assert [one.amount for one in found.of_sales] == [30, 0]  # three of the new ones are left


def test_a_share_that_was_bought_takes_away_one_loss_alone() -> None:
    """10 sold at a loss a week ago, 10 bought since: that loss is gone already, and the next one counts."""
    old, new = lot("old", 400, 10), lot("new", 5, 10)
    record = TaxRecord((old, new), (closed("gone", 500, 7, 10, 90),))
    assert disallowed([sale(old, 10, 90)], {}, record, NOW, LAW) == WashSales((Disallowed(),), (Disallowed(),))
    assert blocked_sells(record, NOW, LAW) == {}
    assert blocked_buys(record, NOW, LAW) == {}


def test_of_one_day_the_lots_that_were_bought_first_lose_first() -> None:
    """Treas. Reg. 1.1091-1 (b): where the order on a day cannot be told, they are sold as they were bought."""
    dear, cheap, new = lot("dear", 400, 5, 120), lot("cheap", 500, 5, 110), lot("new", 3, 5)
    found = disallowed([sale(dear, 5, 100), sale(cheap, 5, 100)], {}, TaxRecord((dear, cheap, new)), NOW, LAW)
    assert [one.amount for one in found.of_sales] == [0, 50]


def test_bought_nobody_knows_when_counts_as_bought_just_now() -> None:
    old, gift = lot("old", 400, 10), lot("gift", None, 10)
    record = TaxRecord((old, gift))
    assert "nobody knows when" in blocked_sells(record, NOW, LAW)["VOO", "old"]
    assert disallowed([sale(old, 10, 90)], {}, record, NOW, LAW).of_sales[0].amount == 100


def test_parts_of_a_cent_add_up_to_the_loss() -> None:
    old, new = Lot("VOO", "old", ago(400), D(3), D("33.34")), [lot(str(i), 3, 1) for i in range(3)]
    sold = LotSale(old, D(3), D("99.92"), D("-0.10"), "long")
    found = disallowed([sold], {}, TaxRecord((old, *new)), NOW, LAW).of_sales[0]
    assert [part.amount for part in found.moved] == [D("0.03"), D("0.04"), D("0.03")]
    assert found.amount == D("0.10")


def test_where_there_is_no_rule_nothing_is_taken_away() -> None:
    old, new = lot("old", 400, 10), lot("new", 3, 10)
    record, none = TaxRecord((old, new), (closed("gone", 500, 3, 5, 90),)), TaxRules("none", 0.25, 0.25)
    assert disallowed([sale(old, 10, 90)], {"VOO": D(5)}, record, NOW, none) == WashSales((Disallowed(),), (Disallowed(),))
    assert not blocked_sells(record, NOW, none)
    assert not blocked_buys(record, NOW, none)


def test_a_rule_that_looks_forward_alone() -> None:
    old, new = lot("old", 400, 10), lot("new", 35, 10)  # bought before the loss of 30 days ago: no law here looks back at it
    record = TaxRecord((old, new), (closed("gone", 500, 30, 10, 90),))
    assert not blocked_sells(record, NOW, AFTER)
    assert set(blocked_buys(record, NOW, AFTER)) == {"VOO"}
    found = disallowed([sale(old, 10, 90)], {"VOO": D(4)}, record, NOW, AFTER)
    assert (found.of_sales[0].amount, found.of_closed[0].amount) == (0, 40)


def share_by_share(
    sold: list[tuple[Lot, int]], bought_now: int, was_sold: list[ClosedLot], lots: list[Lot]
) -> tuple[list[int], list[int]]:
    """Every share by itself, of one group: (of each sale, shares that lose their loss; of each closed lot, those by now).

    Losses of before meet all that was held then; of a lot that is sold now, shares that have met one go first.
    """
    bought = [(one.acquired_on, one.lot_id) for one in lots for _ in range(int(one.shares))] + [(NOW, "now")] * bought_now
    bought.sort(key=lambda share: share[0])
    gone = {of.lot_id: n for of, n in sold}

    def met(on: date, own: str) -> str | None:
        share = next((share for share in bought if abs((share[0] - on).days) <= 30 and share[1] != own), None)
        if share is None:
            return None
        bought.remove(share)
        return share[1]

    before = [0] * len(was_sold)
    for i, one in sorted(enumerate(was_sold), key=lambda pair: pair[1].closed_on):
        for _ in range(int(one.shares)):
            by = met(one.closed_on, one.lot_id)
            before[i] += by == "now"
            gone[by or ""] = gone.get(by or "", 0) - 1
    for lot_id, n in gone.items():
        for _ in range(max(n, 0)):
            bought.remove(next(share for share in bought if share[1] == lot_id))
    now = [0] * len(sold)
    for i, (of, n) in sorted(enumerate(sold), key=lambda pair: pair[1][0].acquired_on):
        now[i] = sum(met(NOW, of.lot_id) is not None for _ in range(n))
    return now, before


DAYS = st.lists(st.integers(1, 60), min_size=1, max_size=4, unique=True)


@given(DAYS, st.lists(st.integers(1, 6), min_size=4, max_size=4), st.data())
def test_whole_lots_meet_what_single_shares_meet(days: list[int], sizes: list[int], data: st.DataObject) -> None:
    lots = [lot(f"h{i}", day, sizes[i]) for i, day in enumerate(days)]
    was_sold = [closed(f"c{i}", 100 + i, day, n, 90) for i, (day, n) in enumerate(data.draw(CLOSED))]
    sold = [(one, n) for one in lots if (n := data.draw(st.integers(0, int(one.shares))))]
    bought_now = data.draw(st.integers(0, 5))
    found = disallowed(
        [sale(of, n, 90) for of, n in sold], {"VOO": D(bought_now)}, TaxRecord(tuple(lots), tuple(was_sold)), NOW, LAW
    )
    now, before = share_by_share(sold, bought_now, was_sold, lots)
    assert [one.shares for one in found.of_sales] == now
    assert [one.shares for one in found.of_closed] == before
    assert [one.amount for one in found.of_sales] == [10 * n for n in now]


POOL = TaxRules("pool", 0.25, 0.25, pooled=True, wash_days_before=30, wash_days_after=30, method="average")


@given(DAYS, st.lists(st.integers(1, 9), min_size=4, max_size=4), st.integers(0, 5), st.data())
def test_a_pool_loses_the_least_of_what_was_sold_bought_and_left(
    days: list[int], sizes: list[int], buys: int, data: st.DataObject
) -> None:
    """Canada Revenue Agency's reading of a part: the least of S sold, P bought within the time and B left, of S."""
    lots = [lot(f"h{i}", day, sizes[i]) for i, day in enumerate(days)]
    sold = data.draw(st.integers(1, int(lots[0].shares)))
    found = disallowed([sale(lots[0], sold, 90)], {"VOO": D(buys)}, TaxRecord(tuple(lots)), NOW, POOL).of_sales[0]
    bought = sum(int(one.shares) for one, day in zip(lots, days, strict=True) if day <= 30) + buys
    left = sum(int(one.shares) for one in lots) - sold + buys
    assert found.shares == min(sold, bought, left)
    assert found.amount == 10 * found.shares


def test_in_a_pool_every_lot_stands_for_all_of_it() -> None:
    old, new = lot("old", 400, 10), lot("new", 3, 4)
    blocked = blocked_sells(TaxRecord((old, new)), NOW, POOL)
    assert set(blocked) == {("VOO", "old"), ("VOO", "new")}
    assert blocked["VOO", "new"].endswith("does not count before 2026-12-29 while they are held")


CLOSED = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 5)), max_size=3, unique_by=lambda pair: pair[0])
