"""The same three books by the product's rules: every figure is the one that was derived by hand in the file."""

from __future__ import annotations

import json
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pytest

from portopt.domain.tax import Lot, LotSale, TaxRecord, TaxRules
from portopt.taxation.holding_period import term_of
from portopt.taxation.netting import netted
from portopt.taxation.rules import rules_of
from portopt.taxation.wash_sales import disallowed

HERE = Path(__file__).parent
BOOKS = {name: json.loads((HERE / f"{name}.json").read_text(encoding="utf-8")) for name in ("us_federal", "germany", "canada")}


def cents(words: str) -> Decimal:
    return Decimal(words).quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)


def record_of(book: dict[str, Any]) -> TaxRecord:
    lots = [
        Lot(
            x["asset_id"], x["lot_id"], date.fromisoformat(x["acquired_on"]), Decimal(x["shares"]), Decimal(x["cost_per_share"])
        )
        for x in book["lots"]
    ]
    money = {name: Decimal(book[name]) for name in ("realized_short", "realized_long", "carried_short", "carried_long")}
    return TaxRecord(tuple(lots), **money)


def sales_of(book: dict[str, Any], rules: TaxRules) -> list[LotSale]:
    """Each of its lots at its own cost; of a pool at the average of what is held, under the first lot's name."""
    found, day, record = [], date.fromisoformat(book["as_of"]), record_of(book)
    for x in book["sales"]:
        lots = record.lots_of(x["asset_id"])
        lot = next(lot for lot in lots if lot.lot_id == x.get("lot_id", lot.lot_id))
        cost = lot.cost_per_share if "lot_id" in x else average(lots)
        shares = Decimal(x["shares"])
        proceeds = shares * Decimal(book["prices"][x["asset_id"]])
        found.append(LotSale(lot, shares, proceeds, proceeds - shares * cost, term_of(lot.acquired_on, day, rules)))
    return found


def average(lots: tuple[Lot, ...]) -> Decimal:
    return sum(lot.shares * lot.cost_per_share for lot in lots) / sum(lot.shares for lot in lots)


@pytest.mark.parametrize("name", BOOKS)
def test_each_sale_its_term_and_what_does_not_count(name: str) -> None:
    book = BOOKS[name]
    rules = rules_of(book["policy"])
    sales = sales_of(book, rules)
    washed = disallowed(sales, {}, record_of(book), date.fromisoformat(book["as_of"]), rules).of_sales
    expected = book["expected"]["lines"]
    assert [s.gain for s in sales] == [Decimal(x["gain"]) for x in expected]
    assert [w.amount for w in washed] == [Decimal(x["disallowed"]) for x in expected]
    assert [s.term for s in sales] == [x.get("term", "short") for x in expected]


def test_the_loss_that_does_not_count_goes_into_the_twin() -> None:
    book = BOOKS["us_federal"]
    rules = rules_of(book["policy"])
    washed = disallowed(sales_of(book, rules), {}, record_of(book), date.fromisoformat(book["as_of"]), rules).of_sales
    (moved,) = washed[4].moved
    assert (moved.asset_id, moved.lot_id, moved.shares, moved.amount) == ("CCD", "d1", 150, 900)
    assert moved.held_days == 910  # 730 from 3 June 2024 to 3 June 2026, 180 to 30 November


@pytest.mark.parametrize("name", BOOKS)
def test_the_year_and_its_tax(name: str) -> None:
    """Due is money: to the cent."""
    book = BOOKS[name]
    rules, expected = rules_of(book["policy"]), book["expected"]
    now = {term: Decimal(value) for term, value in expected["now"].items()}
    found = netted(rules, record_of(book), now["short"], now["long"])
    year = {key: Decimal(value) for key, value in expected["year"].items()}
    assert {key: getattr(found, key) for key in year} == year
    assert (found.due, found.due_before) == (cents(expected["due"]), cents(expected["due_before"]))
    assert found.tax == cents(expected["due"]) - cents(expected["due_before"])
    assert (found.carried_short, found.carried_long) == (Decimal(expected["carried_short"]), Decimal(expected["carried_long"]))
