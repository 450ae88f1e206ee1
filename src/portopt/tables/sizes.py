"""What is too large to be read is refused before it is unpacked: a file of a kilobyte can hold a table of gigabytes."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from pathlib import Path
from typing import IO

import polars as pl

from portopt.domain.errors import DataError, FileNotReadable

MAX_BYTES = 1 << 30
MOST_OF_A_SHEET = 128 << 20  # of XML, unpacked
MOST_CELLS = 8_000_000  # of a worksheet, empty ones between the outermost included: that is how it is unfolded
ROOM = 128 << 20  # any file may unpack to this; above it, to RATIO times its size
RATIO = 100
BYTES_A_CELL = 8
EITHER_MARK = re.compile(rb"<(?:\w+:)?t(?: [^>]*)?>\s*[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}\s*</")
# A cell that holds something: one that is only formatted (self-closed) makes no table larger.
REFERENCE = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"(?:[^>]*[^>/])?>')


def too_large(where: Path | str, size: int, most: int) -> DataError:
    return DataError(
        f"{where} holds at least {size:,} bytes; at most {most:,} are read",
        field="path",
        value=str(where),
        measured={"bytes": size, "max_bytes": most},
        fixes=["split the file by years or by assets"],
    )


def allowance(packed: int, most: int) -> int:
    """How many bytes a file of `packed` bytes may unpack to."""
    return min(most, max(ROOM, RATIO * packed))


def unzipped(stream: IO[bytes], packed: int, most: int, where: str) -> bytes:
    """The content of gzipped bytes."""
    allowed = allowance(packed, most)
    try:
        with gzip.open(stream) as opened:
            content = opened.read(allowed + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FileNotReadable(
            f"{where}: not a readable gzip file: {error}", field="path", value=where, fixes=["save or download it again"]
        ) from error
    if len(content) > allowed:
        raise too_large(where, len(content), allowed)
    return content


def check_parquet(source: Path | io.BytesIO, packed: int, most: int, where: str) -> None:
    """Raises DataError for a Parquet table that would unpack to more than it may."""
    schema = pl.read_parquet_schema(source)
    nested = [name for name, kind in schema.items() if kind.is_nested() or kind == pl.Object or kind == pl.Binary]
    if nested:
        raise DataError(
            f"{where}: columns that hold no prices and no names, but lists or bytes: {', '.join(nested[:10])}",
            field="path",
            fixes=["write one value a cell"],
        )
    rows = int(pl.scan_parquet(source).select(pl.len()).collect().item())
    size = rows * sum(2 * BYTES_A_CELL if kind == pl.String else BYTES_A_CELL for kind in schema.values())
    if size > (allowed := allowance(packed, most)):
        raise too_large(where, size, allowed)


def check_archive(content: bytes, where: str) -> None:
    """Raises DataError for an archive whose parts together unpack to more than they may."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        total = sum(entry.file_size for entry in archive.infolist())
    if total > MOST_OF_A_SHEET:
        raise too_large(where, total, MOST_OF_A_SHEET)


def check_workbook(content: bytes, sheet: str | None, where: str) -> bool:
    """Whether a text of the workbook could be a number with either decimal mark: only text can, a number of a cell is one.

    Raises DataError where the sheet reaches over more cells than are read, counted without unfolding them.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        parts = [_part(archive, name, where) for name in names if sheet in (None, name)]
        for part in parts:
            _check_sheet(part, where)
        shared = [_part(archive, name, where) for name in archive.namelist() if name == "xl/sharedStrings.xml"]
    return any(EITHER_MARK.search(part) for part in (*parts, *shared))


def _part(archive: zipfile.ZipFile, name: str, where: str) -> bytes:
    with archive.open(name) as stream:
        xml = stream.read(MOST_OF_A_SHEET + 1)
    if len(xml) > MOST_OF_A_SHEET:
        raise too_large(where, len(xml), MOST_OF_A_SHEET)
    return xml


def _check_sheet(xml: bytes, where: str) -> None:
    found = REFERENCE.findall(xml)
    if not found:
        return
    height = max(int(digits) for _, digits in found)
    last = max({letters for letters, _ in found}, key=_column)
    cells = height * _column(last)
    if cells > MOST_CELLS:
        raise DataError(
            f"{where}: the cells of its sheet reach to column {last.decode()} and row {height:,}: "
            f"{cells:,} cells, of which at most {MOST_CELLS:,} are read",
            field="path",
            value=where,
            measured={"cells": cells, "max_cells": MOST_CELLS},
            fixes=["delete what stands far from the table (Ctrl+End finds it)", "or save the table as CSV"],
        )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number
