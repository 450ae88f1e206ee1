"""Prices from a file, or from all the price files of a folder."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import polars as pl

from portopt.domain.errors import DataError, FileNotReadable
from portopt.domain.market import MarketQuery
from portopt.tables.account import Account, in_words
from portopt.tables.files import KINDS, kind_of, near_files, read_file, size_of
from portopt.tables.head import score_of_prices
from portopt.tables.prices import Prices, prices_of
from portopt.tables.sizes import MAX_BYTES

OF_FOLDERS = (".parquet", ".csv", ".csv.gz")  # other kinds in a folder may be anything


class FileProvider:
    """Parquet, CSV (also gzipped), TSV and XLSX, long or wide; a folder's files are put one under the other.

    Args:
        path: a file, or a folder whose price files are read in name order.
        adjustment: "adjusted" or "raw" where the reader knows; None looks for a column that says so.
        max_bytes: the most content read, over all files.
    """

    name = "files"

    def __init__(self, path: str | Path, *, adjustment: str | None = None, max_bytes: int = MAX_BYTES) -> None:
        self.path = Path(path)
        self.max_bytes = max_bytes
        self.files = _price_files(self.path)
        self.source = f"file {self.path.name}" if self.path.is_file() else f"folder {self.path.name} ({len(self.files)} files)"
        self._told = adjustment

    @property
    def adjustment(self) -> str:
        return self._told or self._read[0].adjustment

    @property
    def notes(self) -> tuple[str, ...]:
        return self._read[1]

    def prices(self, query: MarketQuery) -> pl.DataFrame:
        """See ports.MarketDataProvider. Raises FileNotReadable and DataError, each naming the file.

        All of it: assets and dates are cut where every provider's table is opened, which can then say what there was.
        """
        return self._read[0].long

    @cached_property
    def _read(self) -> tuple[Prices, tuple[str, ...]]:
        parts, notes, left = [], _others(self.path, self.files), self.max_bytes
        for file in self.files:
            said = Account(file.name)
            table = read_file(file, score_of_prices, said, left)
            if not table.names:
                raise _nameless(file)
            parts.append(prices_of(table, said, single_asset=file.name[: -len(kind_of(file) or "")]))
            left -= int(sum(values.estimated_size() for values in table.columns))
            notes += said.notes
            if left < 0:
                raise DataError(
                    f"{self.source} holds more than {self.max_bytes:,} bytes", field="path", fixes=["raise max_bytes"]
                )
        long = pl.concat([part.long for part in parts], how="diagonal")
        return Prices(long, parts[0].adjustment), tuple(notes)


def _others(path: Path, files: list[Path]) -> list[str]:
    """A note on what else lies in a folder."""
    if path.is_file():
        return []
    others = sorted(file.name for file in path.iterdir() if file.is_file() and file not in files)
    return [f"{path.name}: {in_words(others)} {'was' if len(others) == 1 else 'were'} not read"] if others else []


def _nameless(file: Path) -> FileNotReadable:
    fixes = ["write the column names in the first row: date, and one column an asset; or asset_id, date, close"]
    return FileNotReadable(f"{file}: no column names: the file is empty", field="path", value=str(file), fixes=fixes)


def _price_files(path: Path) -> list[Path]:
    if path.is_file():
        if kind_of(path) is None:
            raise FileNotReadable(
                f"{path}: prices are read from {', '.join(KINDS)} files",
                field="path",
                value=str(path),
                fixes=["save the table as CSV or Parquet"],
            )
        return [path]
    if not path.is_dir():
        if path.exists():
            size_of(path, "path")
        raise FileNotReadable(
            f"{path}: there is no such file or folder",
            field="path",
            value=str(path),
            fixes=near_files(path, (*OF_FOLDERS, ".xlsx")) or ["check the path"],
        )
    files = sorted(file for file in path.iterdir() if file.is_file() and file.name.lower().endswith(OF_FOLDERS))
    if not files:
        found = ", ".join(sorted(file.name for file in path.iterdir())[:10]) or "nothing"
        raise FileNotReadable(
            f"{path}: no price file ({', '.join(OF_FOLDERS)}) in this folder; it holds {found}", field="path", value=str(path)
        )
    return files
