"""Prices from a file, or from all the price files of a folder."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from portopt.adapters.providers.reading import KINDS, MAX_BYTES, header_of, kind_of, near_files, read_table
from portopt.adapters.providers.tables import adjustment_of, to_long
from portopt.domain.errors import DataError, FileNotReadable
from portopt.domain.market import MarketQuery


class FileProvider:
    """Parquet and CSV (also gzipped), long or wide; a folder's files are put one under the other.

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
        self.adjustment = adjustment or adjustment_of(header_of(self.files[0]))

    def prices(self, query: MarketQuery) -> pl.DataFrame:
        """See ports.MarketDataProvider. Raises FileNotReadable and DataError, each naming the file.

        All of it: assets and dates are cut where every provider's table is opened, which can then say what there was.
        """
        parts, left = [], self.max_bytes
        for file in self.files:
            table = read_table(file, left)
            left -= int(table.estimated_size())
            if left < 0:
                raise DataError(
                    f"{self.source} holds more than {self.max_bytes:,} bytes", field="path", fixes=["raise max_bytes"]
                )
            parts.append(to_long(table, file.name, single_asset=file.name[: -len(kind_of(file) or "")]))
        return pl.concat(parts, how="diagonal")


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
        raise FileNotReadable(
            f"{path}: there is no such file or folder",
            field="path",
            value=str(path),
            fixes=near_files(path, KINDS) or ["check the path"],
        )
    files = sorted(file for file in path.iterdir() if file.is_file() and kind_of(file) is not None)
    if not files:
        found = ", ".join(sorted(file.name for file in path.iterdir())[:10]) or "nothing"
        raise FileNotReadable(
            f"{path}: no price file ({', '.join(KINDS)}) in this folder; it holds {found}", field="path", value=str(path)
        )
    return files
