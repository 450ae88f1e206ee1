"""XLSX to a table: one sheet, titles and names found as in text.

Every cell comes as text: numbers as they are written, not through a binary float of ours, dates as 2024-01-02 00:00:00.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from portopt.tables.account import Account, in_words, shown
from portopt.tables.damage import whole
from portopt.tables.head import SEARCHED, Head, Score, find_head, note_titles, title_words
from portopt.tables.sizes import check_archive, check_workbook
from portopt.tables.table import Table, named

# What a damaged archive raises, from its directory to its last byte.
BROKEN = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, NotImplementedError, RuntimeError, OSError, EOFError,
          pl.exceptions.PolarsError)  # fmt: skip
NAMED = 4  # a row that names a date or a column that is needed; titles come by a point or two
MIDNIGHT = r" 00:00:00(?:\.0+)?$"


def table_of_workbook(content: bytes, score: Score, said: Account) -> Table:
    """The first sheet with a row that names columns; where none has one, the one that comes nearest.

    Raises FileNotReadable for what is no workbook, DataError for one that would not fit into memory.
    """
    import fastexcel

    fix = "open it in a spreadsheet and save it as .xlsx or CSV"
    with whole(said.where, ".xlsx", (*BROKEN, fastexcel.FastExcelError), fix):
        check_archive(content, said.where)
        files = dict(enumerate(file for _, file in _sheets(content)))
        book = fastexcel.read_excel(content)
        sheet, doubtful = _Sheet(0, pl.DataFrame(), None), False
        for position in range(len(book.sheet_names)):
            also = check_workbook(content, files.get(position), said.where)
            other = _sheet(book, position, score)
            sheet, doubtful = (other, also) if other.score > sheet.score else (sheet, doubtful)
            if sheet.score >= NAMED:
                break
        table = _table(sheet, doubtful, said)
    if len(book.sheet_names) > 1:
        others = in_words([shown(name) for k, name in enumerate(book.sheet_names) if k != sheet.position])
        said.note(f"the sheet {shown(book.sheet_names[sheet.position])} was read; {others} not")
    return table


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """One sheet as text, with the row that may name its columns."""

    position: int
    text: pl.DataFrame
    head: Head | None

    @property
    def score(self) -> int:
        return -1 if self.head is None else self.head.score


def _sheet(book: Any, position: int, score: Score) -> _Sheet:
    text = pl.DataFrame(book.load_sheet(position, header_row=None, skip_rows=0, dtypes="string"))
    records = [(i + 1, [cell or "" for cell in cells]) for i, cells in enumerate(text.head(SEARCHED).iter_rows())]
    return _Sheet(position, text, find_head(records, score))


def _table(sheet: _Sheet, doubtful: bool, said: Account) -> Table:
    head, text = sheet.head, sheet.text
    if head is None:
        return Table((), (), np.empty(0, dtype=np.int64), ".")
    note_titles(head, said)
    body = text.slice(head.body)
    kept = _kept(body)
    columns = [values.str.replace(MIDNIGHT, "").filter(kept) for values in body.get_columns()]
    rows = kept.arg_true().to_numpy().astype(np.int64) + head.body + 1
    # Numbers of a workbook have a point, whatever the screen shows; text that was typed may have a comma.
    table = named(head.names, columns, rows, None if doubtful else ".", head.levels, said)
    return replace(table, titles=title_words(head))


def _kept(body: pl.DataFrame) -> pl.Series:
    """Whether a row holds anything."""
    filled = [(values.str.strip_chars() != "").fill_null(False) for values in body.get_columns()]
    return pl.DataFrame(filled).select(pl.any_horizontal(pl.all())).to_series() if filled else pl.Series([], dtype=pl.Boolean)


def _sheets(content: bytes) -> list[tuple[str, str]]:
    """(name, file) of the workbook's sheets in order, as far as they can be told."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        book = archive.open("xl/workbook.xml").read(1 << 20).decode("utf-8", errors="replace")
        links = archive.open("xl/_rels/workbook.xml.rels").read(1 << 20).decode("utf-8", errors="replace")
    targets = {}
    for link in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", links):
        id_, target = re.search(r'\bId="([^"]*)"', link), re.search(r'\bTarget="([^"]*)"', link)
        if id_ and target:
            targets[id_[1]] = "xl/" + target[1].removeprefix("/xl/").removeprefix("./")
    found = []
    for sheet in re.findall(r"<(?:\w+:)?sheet\b[^>]*>", book):
        name, id_ = re.search(r'\bname="([^"]*)"', sheet), re.search(r'\br?:?id="([^"]*)"', sheet)
        if name and id_ and id_[1] in targets:
            found.append((name[1], targets[id_[1]]))
    return found
