"""Lots that a list of holdings tells itself: in columns of the day of purchase and of the cost, or beside its rows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from portopt.adapters.providers.lot_cells import (
    dates_written,
    days_of_rows,
    note_unknown,
    note_zero,
    per_share,
    require_ids,
    without_unknown,
)
from portopt.dialects.lots import read_tax_beside
from portopt.domain.lots import named
from portopt.domain.tax import Lot, TaxRecord
from portopt.domain.universe import CASH
from portopt.tables.account import Account
from portopt.tables.lot_columns import COSTS, OF_A_LOT
from portopt.tables.names import plain_name
from portopt.tables.row_columns import Wanted
from portopt.tables.rows import Row, rows_of
from portopt.tables.table import Table

SPELLED = tuple(spelling for spellings in OF_A_LOT.values() for spelling in spellings)


def tax_of_holdings(table: Table, wanted: Wanted, said: Account) -> TaxRecord | None:
    """A lot a row of every asset that has a day or a cost in one; None where no row has. wanted: what holdings are read by.

    Where days are told, what is wrong with the columns of lots is said as everything else is; a list of positions that has
    costs alone is read without them then, with a note.
    """
    if table.beside:
        return read_tax_beside(table.beside)
    if not {plain_name(name) for name in table.names} & set(SPELLED):
        return None
    own = Account(said.where)
    rows = _rows(table, wanted, own)
    if not rows:
        return None
    lots = _lots(table, rows, own)
    dated = any(row.get("acquired_on") for row in rows)
    if own.problems and not dated:
        said.note(f"its costs were not kept as lots: {own.problems[0]}")
        return None
    for problem, fix in zip(own.problems, [*own.fixes, *own.fixes[-1:] * len(own.problems)], strict=False):
        said.wrong(problem, fix)
    for note in own.notes:
        if note not in said.notes:
            said.notes.append(note)
    return TaxRecord(lots)


def _rows(table: Table, wanted: Wanted, own: Account) -> list[Row]:
    """Rows of the assets of which a lot is told, but for those that are sold short in one."""
    with_lots = replace(
        wanted,
        columns={**wanted.columns, **OF_A_LOT},
        numbers=(*wanted.numbers, *COSTS),
        beside=tuple(name for name in wanted.beside if name not in SPELLED),
        loose=tuple(OF_A_LOT),
    )
    rows = rows_of(without_unknown(table, (s for name in COSTS for s in OF_A_LOT[name]), own), with_lots, own)
    held = [row for row in rows if row.get("asset") and not _is_cash(row) and Decimal(row.get("shares") or 0) != 0]
    told = {row.get("asset") for row in held if any(row.get(name) for name in OF_A_LOT)}
    told -= {row.get("asset") for row in held if Decimal(row.get("shares") or 0) < 0}
    return [row for row in held if row.get("asset") in told]


def _lots(table: Table, rows: list[Row], own: Account) -> tuple[Lot, ...]:
    days = days_of_rows(rows, "acquired_on", dates_written(table), own)
    shares = [Decimal(row.get("shares") or 0) for row in rows]
    costs = [per_share(row, n, COSTS, own) for row, n in zip(rows, shares, strict=True)]
    note_unknown(rows, days, "the day of purchase", own)
    note_unknown(rows, costs, "the cost", own)
    note_zero(rows, costs, own)
    told = zip(rows, days, shares, costs, strict=True)
    lots = [Lot(row.get("asset") or "", row.get("lot_id") or "", day, n, cost) for row, day, n, cost in told]
    require_ids(rows, lots, own)
    return named(lots)


def _is_cash(row: Row) -> bool:
    return (row.get("asset") or "").upper() == CASH
