"""Tables out of files, bounded: what is larger than allowed is not read into memory to find out."""

from __future__ import annotations

import difflib
import gzip
import io
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from portopt.domain.errors import DataError, FileNotReadable

MAX_BYTES = 1 << 30
KINDS = (".parquet", ".csv", ".csv.gz")
BYTES_A_CELL = 8


def kind_of(path: Path) -> str | None:
    """Which of KINDS the file's name ends in, or None."""
    return next((kind for kind in KINDS if path.name.lower().endswith(kind)), None)


def read_table(path: Path, max_bytes: int = MAX_BYTES) -> pl.DataFrame:
    """The table of a .parquet, .csv or .csv.gz file; text stays text.

    Raises FileNotReadable for what is missing, unknown or damaged; DataError for more than `max_bytes` of content.
    """
    kind = kind_of(path)
    if kind is None:
        raise FileNotReadable(f"{path}: not a kind of file that prices are read from ({', '.join(KINDS)})", field="path")
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise _too_large(path, size, max_bytes)
        return parquet_table(path, str(path), max_bytes) if kind == ".parquet" else csv_table(_text(path, max_bytes))
    except OSError as error:
        raise unreadable(path, error, KINDS) from error
    except (pl.exceptions.PolarsError, EOFError) as error:
        raise FileNotReadable(f"{path}: not a readable {kind} file: {error}", field="path", value=str(path)) from error


def header_of(path: Path) -> list[str]:
    """Column names without reading the rows."""
    try:
        if kind_of(path) == ".parquet":
            return list(pl.read_parquet_schema(path))
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as stream:
            return csv_table(stream.readline(1 << 20)).columns
    except OSError as error:
        raise unreadable(path, error, KINDS) from error
    except (pl.exceptions.PolarsError, EOFError) as error:
        fixes = ["write the column names in the first row: date, and one column an asset; or asset_id, date, close"]
        raise FileNotReadable(f"{path}: no column names: {error}", field="path", value=str(path), fixes=fixes) from error


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


def csv_table(content: bytes) -> pl.DataFrame:
    """Every column as text: what a number or a date is, is decided where its meaning is known."""
    return pl.read_csv(io.BytesIO(content), infer_schema=False, truncate_ragged_lines=False)


def parquet_table(source: Path | io.BytesIO, where: str, max_bytes: int) -> pl.DataFrame:
    """A Parquet table whose cells, unpacked, stay within `max_bytes`: a small file can hold a large table."""
    schema = pl.read_parquet_schema(source)
    rows = int(pl.scan_parquet(source).select(pl.len()).collect().item())
    if rows * len(schema) * BYTES_A_CELL > max_bytes:
        raise _too_large(where, rows * len(schema) * BYTES_A_CELL, max_bytes)
    if isinstance(source, io.BytesIO):
        source.seek(0)
    return pl.read_parquet(source)


def _text(path: Path, max_bytes: int) -> bytes:
    if not path.name.lower().endswith(".gz"):
        return path.read_bytes()
    with gzip.open(path) as stream:
        content = stream.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise _too_large(path, len(content), max_bytes)
    return content


def _too_large(where: Path | str, size: int, max_bytes: int) -> DataError:
    return DataError(
        f"{where} holds at least {size:,} bytes; at most {max_bytes:,} are read",
        field="path",
        value=str(where),
        measured={"bytes": size, "max_bytes": max_bytes},
        fixes=["split the file, or raise the provider's max_bytes"],
    )
