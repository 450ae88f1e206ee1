"""Tables out of files for readers that know what their columns mean themselves (factor files)."""

from __future__ import annotations

from pathlib import Path

from portopt.tables.account import Account
from portopt.tables.files import KINDS, kind_of, near_files, read_file, unreadable
from portopt.tables.head import score_of_prices
from portopt.tables.names import repeated
from portopt.tables.sizes import MAX_BYTES
from portopt.tables.table import Table

__all__ = ["KINDS", "MAX_BYTES", "kind_of", "near_files", "read_table", "unreadable"]


def read_table(path: Path, max_bytes: int = MAX_BYTES, said: Account | None = None) -> Table:
    """The table of a file; text stays text. Errors as tables.files.read_file, DataError for a name that stands twice."""
    said = Account(str(path)) if said is None else said
    table = read_file(path, score_of_prices, said, max_bytes)
    for name in repeated(table.names):
        said.wrong(f"two columns are called {name!r}", f"keep one column {name!r}")
    said.finish("path")
    return table
