"""The rows of a list of lots: open ones, and those that have a day of sale."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from portopt.adapters.providers.lot_cells import (
    asset_of,
    dates_written,
    days_of_rows,
    note_unknown,
    note_zero,
    per_share,
    require_ids,
)
from portopt.domain.tax import ClosedLot, Lot, TaxRecord
from portopt.domain.universe import CASH
from portopt.tables.account import Account, in_words, shown
from portopt.tables.lot_columns import COSTS, LOTS, PROCEEDS, VALUES
from portopt.tables.names import plain_name
from portopt.tables.rows import Row, rows_of
from portopt.tables.table import Table

MONEY = re.compile(r"cash|money market|sweep|\*\*|^(usd|eur|gbp|chf|jpy)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Read:
    """One row: a lot, or, with closed_on, a closed one."""

    row: Row
    asset: str
    shares: Decimal
    acquired_on: date | None
    closed_on: date | None
    cost: Decimal | None
    proceeds: Decimal | None

    @property
    def lot(self) -> Lot:
        return Lot(self.asset, self.row.get("lot_id") or "", self.acquired_on, self.shares, self.cost)


def record_of(table: Table, said: Account) -> tuple[TaxRecord, str | None]:
    """What the rows say, lots without a name left without, and the currency that a column names."""
    rows = [row for row in rows_of(table, LOTS, said) if _is_lot(row, said)]
    _require_meaning(table, rows, said)
    others = dates_written(table)
    acquired = days_of_rows(rows, "acquired_on", others, said)
    closed = days_of_rows(rows, "closed_on", others, said)
    found = [_of_row(row, on, sold, said) for row, on, sold in zip(rows, acquired, closed, strict=True)]
    read = _without_sums([one for one in found if one is not None], said)
    if not read and not said.problems:
        said.wrong("holds no lots: not one row with shares below its header", "give a row for each lot")
    currencies = {(one.row.get("currency") or "").upper() for one in read} - {""}
    if len(currencies) > 1:
        said.wrong(
            f"column currency: the lots of one portfolio are in one currency, found {', '.join(sorted(currencies))}",
            "keep the lots of each currency in a file of their own, costs in the portfolio's currency",
        )
    _note_all(read, said)
    still = [one for one in read if one.closed_on is None]
    lots = tuple(one.lot for one in still)
    require_ids([one.row for one in still], lots, said)
    sold = tuple(_sold(one, said) for one in read if one.closed_on is not None)
    return TaxRecord(lots, sold), currencies.pop() if currencies else None


def _of_row(row: Row, acquired_on: date | None, closed_on: date | None, said: Account) -> _Read | None:
    asset, counted = asset_of(row), row.get("shares")
    if asset is None:
        said.wrong(
            f"row {row.number}: no asset is named", f"name the asset of the rows named in {said.where}, or take them out"
        )
        return None
    if asset.upper() == CASH or MONEY.search(asset):
        said.note(f"row {row.number} ({shown(asset)}) is money, which has no lots, and was not read")
        return None
    if counted is None:
        if not any(problem.startswith(f"row {row.number}, column shares:") for problem in said.problems):
            said.wrong(
                f"row {row.number}, column shares: is empty ({asset})", f"row {row.number}: fill it, or take the row out"
            )
        return None
    shares = Decimal(counted)
    if shares <= 0 or (row.get("side") or "").lower() == "short":
        why = "is a lot of a short position" if shares else "is a lot of no shares"
        said.wrong(f"row {row.number}: {shares:f} shares of {asset} {why}; lots are of shares that were bought and are held",
                   "take out the rows of short positions and of lots that are gone")  # fmt: skip
        return None
    cost = per_share(row, shares, COSTS, said)
    return _Read(row, asset, shares, acquired_on, closed_on, cost, per_share(row, shares, PROCEEDS, said))


def _sold(one: _Read, said: Account) -> ClosedLot:
    assert one.closed_on is not None  # noqa: S101 - who calls it looks
    if one.acquired_on is not None and one.closed_on < one.acquired_on:
        said.wrong(f"row {one.row.number}: {one.asset} was sold on {one.closed_on}, before it was acquired ({one.acquired_on})",
                   "correct one of the two days")  # fmt: skip
    if one.proceeds is None:
        said.wrong(f"row {one.row.number}: {one.asset} was sold on {one.closed_on}, and nothing says what it brought",
                   "fill a column proceeds or proceeds_per_share")  # fmt: skip
    name = one.row.get("lot_id") or f"closed {one.closed_on}"
    proceeds = one.proceeds or Decimal(0)
    return ClosedLot(one.asset, name, one.acquired_on, one.closed_on, one.shares, one.cost, proceeds)


def _note_all(read: Sequence[_Read], said: Account) -> None:
    rows = [one.row for one in read]
    note_unknown(rows, [one.acquired_on for one in read], "the day of purchase", said)
    note_unknown(rows, [one.cost for one in read], "the cost", said)
    note_zero(rows, [one.cost for one in read], said)


def _is_lot(row: Row, said: Account) -> bool:
    """Statements list the sum of an asset's lots, or an order, beside them."""
    detail = (row.get("detail") or "lot").lower()
    if detail not in ("lot", "closed_lot", "closedlot"):
        said.note(f"rows of the kind {shown(row.get('detail'))} are sums of lots, and were not read")
        return False
    return True


def _without_sums(read: list[_Read], said: Account) -> list[_Read]:
    """Without rows that have no day of their own and are exactly the sum of the asset's other rows, which have."""
    still: dict[str, list[_Read]] = {}
    for one in read:
        if one.closed_on is None:
            still.setdefault(one.asset, []).append(one)
    sums = {}
    for mine in still.values():
        dated = [one for one in mine if one.acquired_on is not None]
        bare = [one for one in mine if one.acquired_on is None]
        if len(bare) == 1 and len(dated) > 1 and sum(one.shares for one in dated) == bare[0].shares:
            sums[bare[0].row.number] = in_words([one.row.number for one in dated])
    for row, of in sums.items():
        said.note(f"row {row} is the sum of rows {of}, and was not read")
    return [one for one in read if one.row.number not in sums]


def _require_meaning(table: Table, rows: Sequence[Row], said: Account) -> None:
    """A column called cost alone may be of a share or of the lot, one called price what was paid or what it is worth now."""
    has = {name for row in rows for name in (*COSTS, "cost", "price", "closed_on") if row.get(name) is not None}
    if has & set(COSTS):
        return
    if "cost" in has:
        said.wrong("column cost may be the cost of a share or of the whole lot", "call it cost_per_share or total_cost")
    elif "price" in has and not {plain_name(name) for name in table.names} & set(VALUES):
        said.wrong("column price may be what was paid for a share or what one is worth now",
                   "call it cost_per_share where it was paid, else take it out")  # fmt: skip
