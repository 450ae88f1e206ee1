"""An answer into a file, by the file's ending. A file is there whole or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from portopt.domain.errors import InvalidValue

if TYPE_CHECKING:
    import polars as pl

Makers: TypeAlias = Mapping[str, Callable[[], bytes]]


def save(path: str | Path, makers: Makers, known: Iterable[str] = ()) -> Path:
    """makers: what a file of each ending holds. Raises InvalidValue for another ending, and for a place that takes no file."""
    from portopt.reports.files.exports import write_whole

    endings = list(known) or list(makers)
    make = makers.get(Path(path).suffix)
    if make is None:
        why = f"ends in none of {', '.join(endings)}"
        raise InvalidValue("path", str(path), why, fix=f"name it {Path(path).stem}{endings[0]}")
    try:
        return write_whole(Path(path), make())
    except OSError as error:
        raise InvalidValue("path", str(path), f"cannot be written: {error.strerror or error}") from None


def frame_makers(frame: Callable[[], pl.DataFrame]) -> Makers:
    return {
        ".csv": lambda: _csv(frame()),
        ".parquet": lambda: _written(frame(), "write_parquet"),
        ".xlsx": lambda: _written(frame(), "write_excel"),
    }


def _csv(frame: pl.DataFrame) -> bytes:
    """Text that a spreadsheet would run as a formula gets a leading '."""
    from portopt.reports.files.exports import csv_cell

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(csv_cell(name) for name in frame.columns)
    writer.writerows([csv_cell(cell) for cell in row] for row in frame.iter_rows())
    return out.getvalue().encode()


def _written(frame: pl.DataFrame, how: str) -> bytes:
    out = io.BytesIO()
    getattr(frame, how)(out)
    return out.getvalue()
