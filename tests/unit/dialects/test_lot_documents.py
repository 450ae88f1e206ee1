"""Lots as documents: what is read, what is refused with its place, and the same lots back."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.dialects.lots import read_tax, read_tax_beside, write_tax_beside
from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue, MissingInput, UnknownField
from portopt.domain.lots import named
from portopt.domain.tax import ClosedLot, Lot, TaxRecord

LOT = {"asset_id": "A", "lot_id": "L1", "acquired_on": "2021-03-02", "shares": "40", "cost_per_share": "121.50"}
SOLD = {**LOT, "closed_on": "2024-03-01", "proceeds_per_share": "130"}


def test_the_words_are_read_exactly_and_what_nobody_knows_is_none():
    bare = {"asset_id": "B", "shares": 0.1}
    year = {"realized_short": "-250.00", "carried_long": 1200.5}
    read = read_tax_beside({"tax_lots": [LOT, bare], "closed_lots": [SOLD], "tax_year": year})
    assert read == TaxRecord(
        (
            Lot("A", "L1", date(2021, 3, 2), Decimal(40), Decimal("121.50")),
            Lot("B", "unknown #1", None, Decimal("0.1"), None),
        ),
        (ClosedLot("A", "L1", date(2021, 3, 2), date(2024, 3, 1), Decimal(40), Decimal("121.50"), Decimal(130)),),
        realized_short=Decimal("-250.00"),
        carried_long=Decimal("1200.5"),
    )
    assert read_tax_beside({"tax_lots": None}) is None
    assert read_tax_beside({"tax_lots": []}) == TaxRecord()
    assert read_tax(None) is None


@pytest.mark.parametrize(
    ("doc", "field", "kind"),
    [
        ({"tax_lots": {}}, "tax_lots", InvalidValue),
        ({"tax_lots": [{**LOT, "price": 1}]}, "tax_lots[0].price", UnknownField),
        ({"tax_lots": [{**LOT, "shares": "-4"}]}, "tax_lots[0].shares", InvalidValue),
        ({"tax_lots": [{**LOT, "shares": None}]}, "tax_lots[0].shares", MissingInput),
        ({"tax_lots": [{**LOT, "asset_id": ""}]}, "tax_lots[0].asset_id", InvalidValue),
        ({"tax_lots": [{**LOT, "cost_per_share": "-0.01"}]}, "tax_lots[0].cost_per_share", InvalidValue),
        ({"tax_lots": [{**LOT, "cost_per_share": "NaN"}]}, "tax_lots[0].cost_per_share", InvalidValue),
        ({"tax_lots": [{**LOT, "acquired_on": "02/03/2021"}]}, "tax_lots[0].acquired_on", InvalidValue),
        ({"tax_lots": [LOT, LOT]}, "tax_lots", InvalidValue),
        ({"closed_lots": [LOT]}, "closed_lots[0].closed_on", MissingInput),
        ({"closed_lots": [{**SOLD, "proceeds_per_share": None}]}, "closed_lots[0].proceeds_per_share", MissingInput),
        ({"closed_lots": [{**SOLD, "closed_on": "2021-03-01"}]}, "closed_lots[0].closed_on", InvalidValue),
        ({"tax_year": {"realized": "1"}}, "tax_year.realized", UnknownField),
        ({"tax_year": {"carried_short": "-1"}}, "tax_year.carried_short", InvalidValue),
        ({"tax_year": {"realized_long": "much"}}, "tax_year.realized_long", InvalidValue),
    ],
)
def test_what_is_wrong_is_named_by_its_place(doc, field, kind):
    with pytest.raises(kind) as caught:
        read_tax_beside(doc)
    assert caught.value.field == field


MONEY = st.decimals("-1e9", "1e9", places=4)
POSITIVE = st.decimals("0.0001", "1e9", places=4)
DAYS = st.dates(date(1990, 1, 1), date(2030, 1, 1))
NAMES = st.text("ABC123 -", min_size=1, max_size=8).filter(lambda text: text.strip() != "")
LOTS = st.builds(Lot, NAMES, NAMES | st.just(""), DAYS | st.none(), POSITIVE, POSITIVE | st.none())
CLOSED = st.builds(ClosedLot, NAMES, NAMES, st.none(), DAYS, POSITIVE, POSITIVE | st.none(), POSITIVE)
RECORDS = st.builds(
    TaxRecord,
    st.lists(LOTS, max_size=5, unique_by=lambda lot: (lot.asset_id, lot.lot_id)).map(named),
    st.lists(CLOSED, max_size=4).map(tuple), MONEY, MONEY, POSITIVE, POSITIVE,
)  # fmt: skip


@given(RECORDS)
def test_what_is_written_is_read_back_the_same(record):
    assert read_tax_beside(json.loads(json.dumps(write_tax_beside(record)))) == record
    assert read_tax(json.loads(json.dumps(plain(record)))) == record
