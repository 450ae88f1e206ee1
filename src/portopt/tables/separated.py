"""Separated text to a table: separator, titles, names and ragged rows are found out, not assumed.

Regular text (no quotes, as many separators in every line) is split by Polars, any other by the csv module: both give the
same cells, the first fifty times as fast.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from portopt.domain.errors import FileNotReadable
from portopt.tables.account import Account, counted, shown
from portopt.tables.head import NAMES_COLUMNS, SEARCHED, Record, Score, find_head, note_titles, title_words
from portopt.tables.table import Table, named

SEPARATORS = ",;\t|"
NAMED = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
ONE_TABLE = "keep one table in the file: take out what stands from there on"
SAMPLE = 1 << 20  # characters looked through for the names of the columns; a row of 5,000 names has 50,000


def table_of(text: str, score: Score, said: Account) -> Table:
    """The cells of the text; problems (rows of more cells than there are columns) are said, not raised.

    Raises FileNotReadable for text that cannot be split.
    """
    first, text, told = _directive(text)
    separator = told or _separator(text, score)
    records = _sample(text, separator, first, said.where)
    head = find_head(records, score)
    if head is None:
        return Table((), (), np.empty(0, dtype=np.int64), _mark(separator))
    note_titles(head, said)
    start = _end_of(text, records[head.body - 1][0] - first)
    begin, body = records[head.body - 1][0] + 1, text[start:]
    columns, rows = _regular(body, separator, len(head.names), begin) or _irregular(
        body, separator, len(head.names), begin, said, lambda cells: score(cells) >= NAMES_COLUMNS
    )
    table = named(head.names, columns, rows, _mark(separator), head.levels, said, clean=True)
    return replace(table, titles=title_words(head))


def _mark(separator: str) -> str | None:
    """Between commas the decimal mark is a point; between semicolons it may be either."""
    return "." if separator == "," else None


def _directive(text: str) -> tuple[int, str, str | None]:
    """`sep=;` in the first line, which spreadsheets write and read."""
    line, _, rest = text.partition("\n")
    said = line.strip().lower()
    if said.startswith("sep=") and len(said) == 5:
        return 2, rest, line.strip()[4]
    return 1, text, None


def _separator(text: str, score: Score) -> str:
    """The one under which a row names the most columns; where none does, that which splits most rows alike."""

    def quality(separator: str) -> tuple[int, int]:
        records = _sample(text, separator, 1)
        head = find_head(records, score)
        widths = [len(cells) for _, cells in records if any(cells)]
        usual = max(set(widths), key=widths.count) if widths else 1
        alike = widths.count(usual) if usual > 1 else 0
        return (head.score if head is not None and len(head.names) > 1 else 0, alike)

    present = [separator for separator in SEPARATORS if separator in text[:SAMPLE]] or [","]
    return max(present, key=quality)


def _sample(text: str, separator: str, first: int, where: str | None = None) -> list[Record]:
    """The first records with the line that each ends on. where: for the message on text that is broken; None is no message."""
    records: list[Record] = []
    reader = csv.reader(io.StringIO(text[:SAMPLE]), delimiter=separator, strict=True)
    try:
        for cells in reader:
            records.append((reader.line_num + first - 1, cells))
            if len(records) == SEARCHED:
                break
    except csv.Error as error:
        if where is not None and len(text) <= SAMPLE:
            raise _broken(error, (records[-1][0] if records else first - 1) + 1, where) from error
    if len(text) > SAMPLE and len(records) > 1 and len(records) < SEARCHED:
        records.pop()  # cut in the middle
    return records


def _end_of(text: str, lines: int) -> int:
    """Where the line after that many more lines begins."""
    at = 0
    for _ in range(lines + 1):
        at = text.find("\n", at) + 1
        if at == 0:
            return len(text)
    return at


def _regular(body: str, separator: str, width: int, begin: int) -> tuple[tuple[pl.Series, ...], npt.NDArray[np.int64]] | None:
    """Columns and row numbers of a text whose lines all have that many cells, quotes around whole cells; None for any other."""
    content = body.encode()
    if not content.endswith(b"\n"):
        content += b"\n"
    data = np.frombuffer(content, dtype=np.uint8)
    ends, separators = np.flatnonzero(data == ord("\n")), np.flatnonzero(data == ord(separator))
    quotes = np.flatnonzero(data == ord('"')) if '"' in body else np.empty(0, dtype=np.intp)
    if len(quotes):
        if not _quoted_whole(data, quotes, separator) or (np.searchsorted(quotes, ends) % 2).any():
            return None
        separators = separators[np.searchsorted(quotes, separators) % 2 == 0]
    full = np.diff(ends, prepend=-1) > 1
    cells = np.diff(np.searchsorted(separators, ends), prepend=0) + 1
    if not full.any() or not (cells[full] == width).all():
        return None
    kept = content if full.all() else b"\n".join(line for line in content.split(b"\n") if line) + b"\n"
    frame = pl.read_csv(
        kept,
        has_header=False,
        separator=separator,
        infer_schema=False,
        quote_char='"' if len(quotes) else None,
        new_columns=[str(i) for i in range(width)],
    )
    if frame.height != int(full.sum()):
        return None
    return tuple(frame.get_columns()), np.flatnonzero(full).astype(np.int64) + begin


def _quoted_whole(data: npt.NDArray[np.uint8], quotes: npt.NDArray[np.intp], separator: str) -> bool:
    """Whether every quote opens or closes a whole cell, or stands twice inside one: then nobody can read it in two ways."""
    if len(quotes) % 2:
        return False
    around = np.array([ord(separator), ord("\n"), ord('"')], dtype=np.uint8)
    before, after = data[quotes[::2] - 1], data[quotes[1::2] + 1]  # the last byte is a line's end, and stands before the first
    return bool(np.isin(before, around).all() and np.isin(after, around).all())


def _irregular(
    body: str, separator: str, width: int, begin: int, said: Account, names: Callable[[Sequence[str]], bool]
) -> tuple[tuple[pl.Series, ...], npt.NDArray[np.int64]]:
    """The same for any text; a row of more cells than columns is a problem, one of fewer has none at its end.

    names: whether a row names columns: one too wide for this table begins another.
    """
    rows, numbers = [], []
    for number, cells in _records(body, separator, begin, said.where):
        if not any(cell.strip() for cell in cells):
            continue
        if any(cell.strip() for cell in cells[width:]) and names(cells):
            said.wrong(second_table(number, cells), ONE_TABLE)
            break
        if any(cell.strip() for cell in cells[width:]):
            said.wrong(
                f"row {number}: {len(cells)} cells under {counted(width, 'column')} ({shown(separator.join(cells))})",
                f'quote text that holds the separator ({NAMED.get(separator, separator)}), as in "Beta, Ltd"; where it is a '
                "decimal comma, put semicolons between the columns",
            )
            continue
        rows.append([*cells[:width], *[""] * (width - len(cells))])
        numbers.append(number)
    filled = zip(*rows, strict=True) if rows else [()] * width
    columns = tuple(pl.Series(str(i), [c or None for c in column], dtype=pl.String) for i, column in enumerate(filled))
    return columns, np.array(numbers, dtype=np.int64)


def second_table(row: int, cells: Sequence[str]) -> str:
    return f"row {row} names columns again, and others ({shown(', '.join(cell for cell in cells if cell))}): a second table"


def _records(body: str, separator: str, begin: int, where: str) -> Iterator[Record]:
    reader = csv.reader(io.StringIO(body), delimiter=separator, strict=True)
    try:
        before = 0
        for cells in reader:
            yield begin + before, cells
            before = reader.line_num
    except csv.Error as error:
        raise _broken(error, begin + before, where) from error


def _broken(error: csv.Error, row: int, where: str) -> FileNotReadable:
    if "field larger" in str(error):
        why = f"a cell of more than {csv.field_size_limit():,} characters"
        return FileNotReadable(f"{where}, row {row}: {why}", field="path", value=where,
                               fixes=["look for a quote or a line's end that is missing there"])  # fmt: skip
    why = "a quote is opened and never closed" if "unexpected end" in str(error) else str(error)
    fixes = ['close the quote; write a quote inside quoted text twice ("")']
    return FileNotReadable(f"{where}, row {row}: {why}", field="path", value=where, fixes=fixes)
