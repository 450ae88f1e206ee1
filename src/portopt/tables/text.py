"""Bytes to text: encodings are recognised or named, spaces that nobody sees are cleaned and counted."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from portopt.domain.errors import FileNotReadable
from portopt.tables.account import Account, counted, shown
from portopt.tables.table import Table

UNSEEN = "\u200b\u200c\u200d\u2060\ufeff"  # zero width: take no room and belong to no name
FIXED = "\u00a0\u202f\u2007\u2009"  # spaces that do not break a line: between digits they are spaces all the same
HIDDEN = re.compile(f"[{UNSEEN}{FIXED}]")
CLEANED = str.maketrans({**dict.fromkeys(UNSEEN), **dict.fromkeys(FIXED, " ")})
MARKS = ((b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# First bytes, in small letters. No table of text begins like these.
OTHER_KINDS = (
    (b"\x1f\x8b", "a gzip archive", "name it .csv.gz, or unpack it"),
    (b"pk\x03\x04", "a workbook or a zip archive", "name it .xlsx where it is a workbook, else unpack it"),
    (b"par1", "a Parquet file", "name it .parquet"),
    (b"\xd0\xcf\x11\xe0", "an old workbook (.xls)", "open it in a spreadsheet and save it as .xlsx or CSV"),
    (b"%pdf", "a PDF document", "export the table as CSV or XLSX"),
    (b"<!doctype html", "a web page", "download the table itself: this may be a page that asks to sign in"),
    (b"<html", "a web page", "download the table itself: this may be a page that asks to sign in"),
)
SAVE = "save it as UTF-8 (in a spreadsheet: CSV UTF-8)"


def text_of(content: bytes, said: Account) -> str:
    """Raises FileNotReadable, naming row and byte, for what is neither UTF-8 nor UTF-16, and for files of other kinds."""
    _refuse_other_kinds(content, said.where)
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), None) or _unmarked(content)
    try:
        text = content.decode(encoding or "utf-8-sig")
    except UnicodeDecodeError as error:
        raise _undecoded(content, error, said.where) from error
    if "\x00" in text:
        row = text.count("\n", 0, text.index("\x00")) + 1
        raise FileNotReadable(
            f"{said.where}, row {row}: holds NUL characters: it is damaged, or not text", field="path", fixes=[SAVE]
        )
    if encoding is not None:
        said.note(f"read as {encoding.upper()}")
    return cleaned(_lines(text), said)


def _refuse_other_kinds(content: bytes, where: str) -> None:
    """Files that bear the name of a text and are something else: what they are says what to do."""
    start = content[:64].lstrip().lower()
    kind, fix = next(((kind, fix) for mark, kind, fix in OTHER_KINDS if start.startswith(mark)), (None, None))
    if kind is not None:
        raise FileNotReadable(f"{where} is {kind}, whatever its name says", field="path", value=where, fixes=[str(fix)])


def _unmarked(content: bytes) -> str | None:
    """UTF-16 without its mark: every other byte of plain text is zero."""
    sample = content[:2000]
    if len(sample) < 4 or b"\x00" not in sample:
        return None
    even, odd = sample[::2].count(0) / len(sample[::2]), sample[1::2].count(0) / len(sample[1::2])
    if max(even, odd) < 0.4 or min(even, odd) > 0.1:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _undecoded(content: bytes, error: UnicodeDecodeError, where: str) -> FileNotReadable:
    row = content.count(b"\n", 0, error.start) + 1
    near = content[max(0, error.start - 12) : error.start + 12].decode("cp1252", errors="replace").split("\n")
    said = next((part for part in near if part.strip()), "")
    return FileNotReadable(
        f"{where}: not UTF-8 text: row {row} holds the byte 0x{content[error.start]:02X} (…{said.strip()}…)",
        field="path",
        value=where,
        measured={"row": row, "encoding": error.encoding},
        fixes=[SAVE],
    )


def _lines(text: str) -> str:
    text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def cleaned(text: str, said: Account) -> str:
    """The text without zero-width characters, with ordinary spaces for others; what was changed is noted."""
    if text.isascii():
        return text
    first = HIDDEN.search(text)
    if first is None:
        return text
    found = counted(len(HIDDEN.findall(text)), "non-breaking or zero-width space")
    said.note(f"cleaned {found}, the first in row {text.count(chr(10), 0, first.start()) + 1}")
    return text.translate(CLEANED)


def cleaned_column(values: pl.Series, name: str, said: Account, rows: npt.NDArray[np.int64]) -> pl.Series:
    """The same for a column of text of a typed source."""
    hidden = values.str.contains(HIDDEN.pattern).fill_null(False)
    if not hidden.any():
        return values
    at = int(hidden.arg_max() or 0)
    said.note(f"cleaned non-breaking or zero-width spaces in {counted(int(hidden.sum()), 'cell')} of column {name}, "
              f"the first in row {rows[at]}")  # fmt: skip
    return values.str.replace_all(f"[{UNSEEN}]", "").str.replace_all(f"[{FIXED}]", " ")


def cleaned_table(table: Table, said: Account) -> Table:
    """The table with every name and every column of text cleaned."""
    if table.clean:
        return table
    names = tuple(name.translate(CLEANED).strip() for name in table.names)
    hidden = [name for name in table.names if HIDDEN.search(name)]
    if hidden:
        said.note(f"cleaned non-breaking or zero-width spaces in {counted(len(hidden), 'column name')}: {shown(hidden[0])}")
    columns = tuple(
        cleaned_column(values, name, said, table.rows) if values.dtype == pl.String else values
        for name, values in zip(table.names, table.columns, strict=True)
    )
    return replace(table, names=names, columns=columns, clean=True)
