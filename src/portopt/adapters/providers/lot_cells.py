"""The cells of a list of lots: days, costs, and the words that brokers write where they know neither."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import polars as pl

from portopt.domain.lots import repeated
from portopt.domain.tax import Lot
from portopt.tables.account import Account, in_words, shown
from portopt.tables.dates import IN_PARTS, read_days
from portopt.tables.names import plain_name
from portopt.tables.numbers import MISSING
from portopt.tables.rows import Row
from portopt.tables.table import Table

CENT = Decimal("0.01")
# Beside the words that mean "no value" everywhere: what a broker writes of a cost or a day that it does not know.
UNKNOWN = (*MISSING, "unknown", "various", "multiple", "mixed", "incomplete", "missing", "not available", "not tracked",
           "unavailable", "pending", "unbekannt", "diverse")  # fmt: skip
CUSIP = re.compile(r"\s*\([0-9A-Z]{9}\)$")
IN_TITLE = re.compile(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}")


def is_unknown(cell: str | None) -> bool:
    return (cell or "").strip().lower() in UNKNOWN


def without_unknown(table: Table, columns: Iterable[str], said: Account) -> Table:
    """The table with nothing where a column of these (as plain names) holds a word that says that nobody knows."""
    wanted, found, cleaned = set(columns), dict[str, str](), list(table.columns)
    for i, (name, values) in enumerate(zip(table.names, table.columns, strict=True)):
        if values.dtype != pl.String or plain_name(name) not in wanted:
            continue
        words = values.str.strip_chars()
        gone = (words.str.to_lowercase().is_in(list(UNKNOWN)) & ~words.str.to_lowercase().is_in(list(MISSING))).fill_null(False)
        found |= dict.fromkeys(words.filter(gone).unique().sort().to_list(), name)
        cleaned[i] = values.set(gone, None)
    for word, name in found.items():
        said.note(f"{shown(word)} in column {name} means that it is not known")
    return replace(table, columns=tuple(cleaned))


def dates_written(table: Table) -> list[str]:
    """Every day in parts that stands somewhere in the table or above it: what it says of its order holds for all of them."""
    texts = [
        text
        for values in table.columns
        if values.dtype == pl.String
        for text in values.drop_nulls().unique(maintain_order=True)
    ]
    above = [found for title in table.titles for found in IN_TITLE.findall(title)]
    return list(dict.fromkeys([*(text.strip() for text in texts if IN_PARTS.match(text.strip())), *above]))


def days_of_rows(rows: Sequence[Row], column: str, others: Sequence[str], said: Account) -> list[date | None]:
    """The day of each row, None where nobody knows it; what is none is a problem. others: what dates_written gives."""
    texts = [None if is_unknown(row.get(column)) else _day_alone(row.get(column) or "") for row in rows]
    own = list(dict.fromkeys(text for text in texts if text is not None))
    days, why, note = read_days(list(dict.fromkeys([*own, *others])))
    if any(text in why for text in own):  # the others say nothing, or something else: the column is read by itself
        days, why, note = read_days(own)
    if note is not None and own:
        said.note(f"column {column}: {note}")
    for row, text in zip(rows, texts, strict=True):
        if text is not None and why.get(text):
            said.wrong(f"row {row.number}, column {column}: {shown(text)} {why[text]}", "write days as 2021-03-02")
    return [None if text is None else days.get(text) for text in texts]


def _day_alone(text: str) -> str:
    """20210302;093015 without its time."""
    return text.split(";")[0].strip()


def per_share(row: Row, shares: Decimal, columns: tuple[str, str], said: Account) -> Decimal | None:
    """What a share cost or brought, of a column a share and one of the total; exactly, and None where neither says it.

    Where both say it they have to agree within a cent a share, and the total counts: brokers round the other.
    """
    each, total = (None if row.get(name) is None else Decimal(str(row.get(name))) for name in columns)
    for name, amount in zip(columns, (each, total), strict=True):
        if amount is not None and amount < 0:
            said.wrong(f"row {row.number}, column {name}: {amount:f} is below zero", f"correct the rows named in {said.where}")
            return None
    if total is None or shares <= 0:
        return each
    if each is not None and abs(total - each * shares) > CENT * shares + CENT:
        said.wrong(
            f"row {row.number}: {shares:f} shares at {each:f} ({columns[0]}) are {each * shares:f}, {columns[1]} is {total:f}",
            "correct the one that is wrong, or take its column out",
        )
    return total / shares


def asset_of(row: Row) -> str | None:
    """The asset's name without the number that stands in brackets behind it."""
    named = row.get("asset")
    return None if named is None else CUSIP.sub("", named)


def require_ids(rows: Sequence[Row], lots: Sequence[Lot], said: Account) -> None:
    """An id twice among the lots of an asset is a problem, named by its rows. lots: one a row."""
    for asset, lot_id in repeated(lot for lot in lots if lot.lot_id):
        told = [row.number for row, lot in zip(rows, lots, strict=True) if (lot.asset_id, lot.lot_id) == (asset, lot_id)]
        said.wrong(f"rows {in_words(told)}: the lot {lot_id} of {asset} is listed more than once",
                   "give every lot of an asset an id of its own")  # fmt: skip


def note_unknown(rows: Sequence[Row], values: Sequence[object], what: str, said: Account) -> None:
    """What is not known of which rows, in one sentence."""
    bare = [row.number for row, value in zip(rows, values, strict=True) if value is None]
    if bare:
        lots = f"the lot in row {bare[0]}" if len(bare) == 1 else f"{len(bare)} lots (rows {in_words(bare)})"
        said.note(f"{what} of {lots} is not known")


def note_zero(rows: Sequence[Row], costs: Sequence[Decimal | None], said: Account) -> None:
    free = [row.number for row, cost in zip(rows, costs, strict=True) if cost == 0]
    if free:
        said.note(
            f"a cost of zero is taken as it is said (row{'s' if len(free) > 1 else ''} {in_words(free)}): all of it is gain"
        )
