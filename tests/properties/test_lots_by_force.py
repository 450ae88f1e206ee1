"""The comparators themselves: by hand, and each against a plainer way."""

from __future__ import annotations

import itertools
from fractions import Fraction as F

import pytest
from lots_by_force import Before, OwnLot, added_tax, best_book, gains, highest_cost, least_tax, tax_of, ways
from tax_ledger import US


def lot(name: str, shares: int, cost: int, price: int, *, long: bool) -> OwnLot:
    return OwnLot(name[0], name, shares, F(cost), F(price), long)


BOOK = (
    lot("A1", 3, 60, 100, long=True),
    lot("A2", 3, 90, 100, long=False),
    lot("A3", 2, 130, 100, long=True),
    lot("B1", 4, 30, 50, long=False),
    lot("B2", 4, 20, 50, long=True),
)


def test_every_way_to_take_two_shares() -> None:
    assert sorted(ways(2, (1, 2, 1))) == [(0, 1, 1), (0, 2, 0), (1, 0, 1), (1, 1, 0)]
    assert list(ways(5, (2, 2))) == []


def test_the_least_tax_by_hand() -> None:
    """3 of A, 2 of B: A3 twice is -60 long, A2 once 10 short, B1 twice 40 short: 50 short against -60 long, nothing is due.

    2 of B alone: 60 long at 20 % are 12, 40 short at 37 % are 14.80.
    """
    assert least_tax(US, BOOK, {"A": 3, "B": 2}).tax == 0
    assert highest_cost(US, BOOK, {"A": 3, "B": 2}).tax == 0
    found = least_tax(US, BOOK, {"B": 2})
    assert (found.tax, found.taken) == (12, {"B2": 2})
    assert highest_cost(US, BOOK, {"B": 2}).tax == F(148, 10)  # the dearest lot is not the cheapest


def test_losses_carried_make_short_gains_the_cheaper() -> None:
    """By hand: 40 of short losses carried take all of 2 x 20 short."""
    found = least_tax(US, BOOK, {"B": 2}, Before(carried_short=F(40)))
    assert (found.tax, found.taken) == (0, {"B1": 2})


@pytest.mark.parametrize("sells", [{"A": 4, "B": 3}, {"A": 1, "B": 8}, {"A": 8}, {"B": 5}])
def test_it_is_the_least_of_every_product_of_ways(sells: dict[str, int]) -> None:
    before = Before(F(30), F(-20), F(10), F(0))
    mine = {a: [x for x in BOOK if x.asset == a] for a in sells}
    taxes = []
    for taken in itertools.product(*(ways(n, [x.shares for x in mine[a]]) for a, n in sells.items())):
        sums = [gains(mine[a], t) for a, t in zip(sells, taken, strict=True)]
        taxes.append(added_tax(US, before, sum((s for s, _ in sums), F(0)), sum((g for _, g in sums), F(0))))
    found = least_tax(US, BOOK, sells, before)
    assert found.tax == min(taxes) == tax_of(US, BOOK, found.taken, before)
    assert highest_cost(US, BOOK, sells, before).tax in taxes


def test_the_best_book_by_hand() -> None:
    """Cash is worth as much as shares, B beyond 6 nothing: 2 of 8 are sold for 100, for which 2 x 30 x 20 % are due."""

    def worth(shares: dict[str, int], tax: F) -> float:
        return float(min(shares["B"], 6) * 50 + (8 - shares["B"]) * 50 - tax)

    only_b = [x for x in BOOK if x.asset == "B"]
    found = best_book(US, only_b, {"B": 8}, worth)
    assert (found.shares, found.choice.taken, found.value) == ({"B": 6}, {"B2": 2}, 388.0)
