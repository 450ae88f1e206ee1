"""Files to tables: kind by the name, content within bounds, text by its own form."""

from __future__ import annotations

import difflib
import io
import stat
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from portopt.domain.errors import DataError, FileNotReadable
from portopt.tables.account import Account
from portopt.tables.arrow import table_of_arrow
from portopt.tables.damage import whole
from portopt.tables.delivered import Delivered
from portopt.tables.head import Score
from portopt.tables.separated import table_of
from portopt.tables.sizes import MAX_BYTES, check_parquet, too_large, unzipped
from portopt.tables.table import Table, in_words_or_numbers, of_frame
from portopt.tables.text import text_of
from portopt.tables.workbook import table_of_workbook

KINDS = (".parquet", ".csv", ".csv.gz", ".tsv", ".txt", ".xlsx")
TEXT = (".csv", ".tsv", ".txt", ".csv.gz")


def kind_of(path: Path) -> str | None:
    """Which of KINDS the file's name ends in, or None."""
    return next((kind for kind in sorted(KINDS, key=len, reverse=True) if path.name.lower().endswith(kind)), None)


def read_file(path: Path, score: Score, said: Account, max_bytes: int = MAX_BYTES, field: str = "path") -> Table:
    """The table of a file of KINDS; text stays text.

    Raises FileNotReadable for what is missing, unknown or damaged; DataError for more than `max_bytes` of content.
    """
    kind = kind_of(path)
    if kind is None:
        raise FileNotReadable(f"{path}: not a kind of file that tables are read from ({', '.join(KINDS)})", field=field)
    try:
        size = size_of(path, field)
        if size > max_bytes:
            raise too_large(path, size, max_bytes)
        if kind == ".parquet":
            return parquet_of(path, size, max_bytes, str(path))
        if kind == ".xlsx":
            return table_of_workbook(path.read_bytes(), score, said)
        with path.open("rb") as stream:
            content = unzipped(stream, size, max_bytes, str(path)) if kind == ".csv.gz" else stream.read(max_bytes + 1)
    except OSError as error:
        raise unreadable(path, error, KINDS, field) from error
    return table_of(text_of(content, said), score, said)


def read_content(body: Delivered, score: Score, said: Account, max_bytes: int = MAX_BYTES) -> Table:
    """The table of a body, read as the file that it would be is. Errors as read_file's, which name no path then."""
    size = len(body.content)
    if size > max_bytes:
        raise too_large(body.name, size, max_bytes)
    if body.kind == ".parquet":
        return parquet_of(io.BytesIO(body.content), size, max_bytes, body.name)
    if body.kind == ".arrow":
        return table_of_arrow(body.content, body.name)
    if body.kind == ".xlsx":
        return table_of_workbook(body.content, score, said)
    return table_of(text_of(body.content, said), score, said)


def size_of(path: Path, field: str) -> int:
    """Bytes of a file. Raises OSError, and FileNotReadable for a pipe or a device: to read it may never end."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
        fixes = ["write it to a file first; holdings may also come on standard input (-)"]
        raise FileNotReadable(f"{path} is no file but a pipe or a device", field=field, value=str(path), fixes=fixes)
    return found.st_size


def parquet_of(source: Path | io.BytesIO, size: int, max_bytes: int, where: str) -> Table:
    """The table of Parquet content of that size. Raises FileNotReadable for what is damaged, DataError for too large a one."""
    with whole(where, ".parquet", (pl.exceptions.PolarsError, EOFError), "write it again, or use CSV"):
        check_parquet(source, size, max_bytes, where)
        if isinstance(source, io.BytesIO):
            source.seek(0)
        frame = pl.read_parquet(source)
        return of_frame(frame.with_columns(in_words_or_numbers(values) for values in frame.get_columns()))


def unreadable(path: Path, error: OSError, endings: Sequence[str], field: str = "path") -> FileNotReadable:
    """What to raise for a file that could not be opened, with the file that may have been meant."""
    fixes = near_files(path, endings) or ["check the path"]
    return FileNotReadable(f"{path}: {error.strerror or error}", field=field, value=str(path), fixes=fixes)


def near_files(path: Path, endings: Sequence[str]) -> list[str]:
    """The file of the same folder with the most similar name, among those with these endings, as a fix; [] without one."""
    try:
        there = sorted(p.name for p in path.parent.iterdir() if p.name.lower().endswith(tuple(endings)) and p.is_file())
    except (OSError, ValueError):
        return []  # there is no such folder, or nobody may look into it: nothing to offer
    near = difflib.get_close_matches(path.name, [name for name in there if name != path.name], n=1, cutoff=0.5)
    return [f"use {path.with_name(near[0])}"] if near else []


__all__ = ["KINDS", "DataError", "kind_of", "near_files", "parquet_of", "read_file", "size_of", "unreadable"]
