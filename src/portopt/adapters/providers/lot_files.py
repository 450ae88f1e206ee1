"""Lots from the files that brokers and people write: open ones, closed ones, or both in one list."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from portopt.adapters.providers.lot_cells import without_unknown
from portopt.adapters.providers.lot_rows import record_of
from portopt.dialects.lots import read_tax_beside
from portopt.domain.errors import DataError
from portopt.domain.holdings import Holdings
from portopt.domain.lots import covered, laid_over, named, repeated, says_a_year
from portopt.domain.tax import TaxRecord
from portopt.tables.account import Account, in_words, shown
from portopt.tables.delivered import Delivered
from portopt.tables.lot_columns import COSTS, LOTS, OF_A_LOT
from portopt.tables.names import plain_name
from portopt.tables.row_columns import EXPLAINED
from portopt.tables.row_files import hand_table
from portopt.tables.rows import TOTALS, file_name
from portopt.tables.table import Table

SECTION = "Open Positions"  # of a statement in sections: where its lots stand
OF_ONE = re.compile(r"^([A-Z][A-Z0-9]{0,5}(?:[./-][A-Z])?)\b.*\blots?\b", re.IGNORECASE)  # AAPL Lot Details for …123
NAME_OF_ONE = re.compile(r"^([A-Z][A-Z0-9]{0,5}(?:[.-][A-Z])?)(?:[-_ ]|$)")
NO_ASSETS = ("LOT", "LOTS", "TAX", "OPEN", "CLOSED", "COST", "REAL", "GAIN", "GAINS")


def read_lots(path: str | Path | Delivered | Sequence[str | Path], notes: list[str] | None = None) -> TaxRecord:
    """Lots, and what was sold where the list has days of sale.

    Days and costs that nobody knows ("Various", "--", nothing) are None, and noted. A total cost gives the cost a share
    exactly. A list of one asset may name it in its title, or in the file's name.

    Args:
        path: .csv, .xlsx, .parquet or .json, or a body that holds what one would; "-" is CSV or JSON on standard input. Of
            several the lots are put together.
        notes: is told what was not read, left out or not known.
    Raises:
        FileNotReadable, MalformedDocument, UnknownField; DataError naming row and column of everything wrong at once.
    """
    return _read(path, notes)[0]


def with_lots(held: Holdings, path: str | Path | Sequence[str | Path], notes: list[str]) -> Holdings:
    """The holdings in the lots of these files, which count in the place of what was said before. Errors as read_lots', and
    DataError for lots that are not of what is held, or not in the portfolio's currency.
    """
    record, currency = _read(path, notes)
    if currency not in (None, held.currency):
        why = f"the lots are in {currency}, and the portfolio is in {held.currency}"
        raise DataError(
            why, field="lots", value=currency, fixes=[f"give their costs in {held.currency}, as they were on the day"]
        )
    held, said = covered(replace(held, tax=laid_over(held.tax, record)))
    notes += [note for note in said if note not in notes]
    return held


def _read(path: str | Path | Delivered | Sequence[str | Path], notes: list[str] | None) -> tuple[TaxRecord, str | None]:
    paths = [path] if isinstance(path, str | Path | Delivered) else list(path)
    found = [_of_file(one, notes) for one in paths]
    read, currencies = [record for record, _ in found], sorted({currency for _, currency in found if currency})
    if len(currencies) > 1:
        why = f"lots of one portfolio are in one currency, found {', '.join(currencies)}"
        raise DataError(why, field="lots", value=currencies, fixes=["give all costs in the portfolio's currency"])
    lots = named(lot for record in read for lot in record.lots)
    for asset, lot_id in repeated(lots)[:1]:
        why = f"the lot {lot_id} of {asset} stands in more than one of {in_words([file_name(one) for one in paths])}"
        raise DataError(why, field="lots", value=lot_id, fixes=["name every file once", "give every lot an id of its own"])
    years = [record for record in read if says_a_year(record)]
    if len(years) > 1:
        raise DataError("tax_year stands in more than one file of lots", field="tax_year", fixes=["keep it in one of them"])
    year = years[0] if years else TaxRecord()
    record = replace(year, lots=lots, closed=tuple(sold for record in read for sold in record.closed))
    return record, currencies[0] if currencies else None


def _of_file(path: str | Path | Delivered, notes: list[str] | None) -> tuple[TaxRecord, str | None]:
    said = Account(file_name(path))
    table, currency = hand_table(_section(path, said), LOTS, said), None
    if table.beside:
        record = read_tax_beside(table.beside) or TaxRecord()
        if table.height:
            said.note(f"of its document {in_words(list(table.beside))} were read as lots, its list of holdings was not")
    else:
        record, currency = record_of(_prepared(table, path, said), said)
    said.finish("lots")
    if record.closed and not says_a_year(record):
        said.note("what the closed lots came to counts only where tax_year says it (realized_short, realized_long)")
    if notes is not None:
        notes += [note for note in said.notes if note not in notes]
    return record, currency


def _prepared(table: Table, path: str | Path | Delivered, said: Account) -> Table:
    """The table with columns under names that are known, words for "unknown" gone, and its asset where all of it is of one."""
    known = {spelling for spellings in LOTS.columns.values() for spelling in spellings}
    plain = [plain_name(name) for name in table.names]
    short = [plain_name(EXPLAINED.sub("", name)) for name in table.names]
    names = [
        s if p not in known and s in known and s not in plain else name
        for name, p, s in zip(table.names, plain, short, strict=True)
    ]
    table = replace(table, names=tuple(names))
    table = without_unknown(table, (s for name in COSTS for s in OF_A_LOT[name]), said)
    if not names or any(plain_name(name) in LOTS.columns["asset"] for name in names):
        return table
    asset = _of_one(table.titles, path)
    if asset is None:
        said.wrong(f"no column names the assets (columns found: {in_words([shown(name) for name in names])})",
                   "add a column symbol; a file of one asset may bear its name: AAPL.csv")  # fmt: skip
        said.finish("lots")
        return table
    said.note(f"all of its lots are of {asset}, as its title or its name says")
    return replace(table, names=("asset", *names), columns=(_named_rows(table, asset), *table.columns))


def _of_one(titles: Sequence[str], path: str | Path | Delivered) -> str | None:
    for title in titles:
        if (found := OF_ONE.match(title.strip())) and found[1].isupper():
            return found[1]
    found = None if isinstance(path, Delivered) else NAME_OF_ONE.match(Path(path).stem)
    return None if found is None or found[1] in NO_ASSETS else found[1]


def _named_rows(table: Table, asset: str) -> pl.Series:
    """The asset in every row, but for a row that is called a total."""
    first = (
        table.columns[0].cast(pl.String).str.strip_chars().str.strip_suffix(":")
        if table.columns
        else pl.Series([], dtype=pl.String)
    )
    return pl.Series("asset", [cell if (cell or "").lower() in TOTALS else asset for cell in first.to_list()], dtype=pl.String)


def _section(path: str | Path | Delivered, said: Account) -> str | Path | Delivered:
    """Of a statement in sections the one with the lots; anything else as it is."""
    content = path.content if isinstance(path, Delivered) else _beginning(path)
    if not content.removeprefix(b"\xef\xbb\xbf").startswith((b"Statement,Header", b'"Statement","Header"')):
        return path
    text = (content if isinstance(path, Delivered) else Path(path).read_bytes()).decode("utf-8-sig", errors="replace")
    rows = [cells for cells in csv.reader(io.StringIO(text)) if cells[:1] == [SECTION] and cells[1:2] in (["Header"], ["Data"])]
    said.note(f"of the statement's sections {SECTION} was read, the others were not; rows are counted in it")
    written = io.StringIO()
    csv.writer(written).writerows(cells[2:] for cells in rows)
    return Delivered(written.getvalue().encode(), ".csv", said.where)


def _beginning(path: str | Path) -> bytes:
    try:
        with Path(path).open("rb") as stream:
            return stream.read(64)
    except OSError:
        return b""  # what is wrong with the file is said where it is read
