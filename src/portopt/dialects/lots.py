"""Lots and what was realized before, as data and back.

Beside a list of holdings:

    tax_lots      [{"asset_id": "A", "lot_id": "L1", "acquired_on": "2021-03-02", "shares": "40", "cost_per_share": "121.50"}]
    closed_lots   the same with closed_on and proceeds_per_share: what was sold in the look-back window
    tax_year      {"realized_short": "-250.00", "realized_long": "0", "carried_short": "0", "carried_long": "1200.00"}

acquired_on and cost_per_share are null, or left out, where nobody knows them: that is not a cost of nothing. A lot without an
id is named by its day and its place among those of the day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from portopt.dialects.exact import read_date, read_money
from portopt.dialects.reading import list_of, object_of, required, shown, text
from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue
from portopt.domain.lots import named, repeated
from portopt.domain.tax import ClosedLot, Lot, TaxRecord

MAX_LOTS = 100_000
LOT = ("asset_id", "lot_id", "acquired_on", "shares", "cost_per_share")
CLOSED = (*LOT, "closed_on", "proceeds_per_share")
YEAR = ("realized_short", "realized_long", "carried_short", "carried_long")
BESIDE = ("tax_lots", "closed_lots", "tax_year")


def read_tax(value: Any, field: str = "holdings.tax") -> TaxRecord | None:
    """A TaxRecord from what `plain` writes of one; None for None. Raises UnknownField, InvalidValue, MissingInput."""
    if value is None:
        return None
    doc = object_of(value, field, ("lots", "closed", *YEAR))
    return _record(doc.get("lots", []), doc.get("closed", []), doc, (f"{field}.lots", f"{field}.closed", field))


def read_tax_beside(doc: Mapping[str, Any], path: str = "") -> TaxRecord | None:
    """What `tax_lots`, `closed_lots` and `tax_year` of a document say; None where it has none of them. Errors as read_tax."""
    lots, closed, year = (doc.get(name) for name in BESIDE)
    if lots is None and closed is None and year is None:
        return None
    of_lots, of_closed, of_year = (f"{path}.{name}" if path else name for name in BESIDE)
    said = object_of({} if year is None else year, of_year, YEAR)
    return _record([] if lots is None else lots, [] if closed is None else closed, said, (of_lots, of_closed, of_year))


def write_tax_beside(tax: TaxRecord | None) -> dict[str, Any]:
    """The three names with all that they hold; nothing for None."""
    if tax is None:
        return {}
    said = plain(tax)
    return {"tax_lots": said["lots"], "closed_lots": said["closed"], "tax_year": {name: said[name] for name in YEAR}}


def _record(lots: Any, closed: Any, year: Mapping[str, Any], fields: tuple[str, str, str]) -> TaxRecord:
    of_lots, of_closed, of_year = fields
    open_lots = named(_lot(item, f"{of_lots}[{i}]") for i, item in enumerate(list_of(lots, of_lots, most=MAX_LOTS)))
    for asset, lot_id in repeated(open_lots)[:1]:
        raise InvalidValue(of_lots, lot_id, f"names two lots of {asset}", fix="give every lot of an asset an id of its own")
    sold = tuple(_closed(item, f"{of_closed}[{i}]") for i, item in enumerate(list_of(closed, of_closed, most=MAX_LOTS)))
    money = {name: read_money(year.get(name, "0"), f"{of_year}.{name}") for name in YEAR}
    for name in ("carried_short", "carried_long"):
        if money[name] < 0:
            why = "is below zero: a loss that is carried on is written as a positive amount"
            raise InvalidValue(f"{of_year}.{name}", str(money[name]), why, fix=f"write {-money[name]}")
    return TaxRecord(open_lots, sold, **money)


def _lot(item: Any, field: str) -> Lot:
    return Lot(**_of_lot(object_of(item, field, LOT), field))


def _closed(item: Any, field: str) -> ClosedLot:
    doc = object_of(item, field, CLOSED)
    lot = _of_lot(doc, field)
    closed_on = read_date(required(doc, "closed_on", field), f"{field}.closed_on")
    if lot["acquired_on"] is not None and closed_on < lot["acquired_on"]:
        why = f"lies before {lot['acquired_on']}, the day it was acquired on"
        raise InvalidValue(f"{field}.closed_on", closed_on.isoformat(), why, fix="correct one of the two")
    proceeds = _not_negative(required(doc, "proceeds_per_share", field), f"{field}.proceeds_per_share")
    name = lot["lot_id"] or f"closed {closed_on}"
    return ClosedLot(**{**lot, "lot_id": name}, closed_on=closed_on, proceeds_per_share=proceeds)


def _of_lot(doc: Mapping[str, Any], field: str) -> dict[str, Any]:
    shares = read_money(required(doc, "shares", field), f"{field}.shares")
    if shares <= 0:
        why = "is not above zero: a lot is of shares that were bought; short positions have none here"
        raise InvalidValue(f"{field}.shares", str(shares), why, fix="leave lots of short positions and of nothing out")
    return {
        "asset_id": text(required(doc, "asset_id", field), f"{field}.asset_id"),
        "lot_id": text(doc["lot_id"], f"{field}.lot_id") if doc.get("lot_id") not in (None, "") else "",
        "acquired_on": _optional_day(doc.get("acquired_on"), f"{field}.acquired_on"),
        "shares": shares,
        "cost_per_share": _cost(doc.get("cost_per_share"), f"{field}.cost_per_share"),
    }


def _optional_day(value: Any, field: str) -> date | None:
    return None if value is None else read_date(value, field)


def _cost(value: Any, field: str) -> Decimal | None:
    return None if value is None else _not_negative(value, field)


def _not_negative(value: Any, field: str) -> Decimal:
    amount = read_money(value, field)
    if amount < 0:
        raise InvalidValue(
            field, shown(str(amount)), "is below zero", fix="write what a share cost, or null where nobody knows"
        )
    return amount
