"""The document as files: trades as CSV, a workbook, the JSON itself. A file is there whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portopt.domain.errors import InvalidValue
from portopt.reports.files.workbook import workbook_bytes

TRADE_COLUMNS = (
    "priority",
    "asset_id",
    "name",
    "sector",
    "side",
    "shares",
    "price",
    "value",
    "commission",
    "impact",
    "cost",
    "weight_before",
    "weight_after",
    "why",
)
UNIT_COLUMNS = ("price_multiplier", "accrued_interest", "unit_price", "accrued_value", "settles_on", "nav_priced", "cut_off")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_csv(document: Mapping[str, Any], path: Path | str) -> Path:
    """The trades, one line each, in the order they should go. Text a spreadsheet would run as a formula gets a leading '."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = (*TRADE_COLUMNS, *(name for name in UNIT_COLUMNS if any(name in trade for trade in document["trades"])))
    writer.writerow(columns)
    whole = not document["rounding"]["fractional"]
    for trade in document["trades"]:
        told = {**trade, "shares": int(trade["shares"])} if whole and trade["shares"] % 1 == 0 else trade  # 205, not 205.0
        writer.writerow([csv_cell(told.get(name)) for name in columns])
    return write_whole(Path(path), out.getvalue().encode())


def write_xlsx(document: Mapping[str, Any], path: Path | str) -> Path:
    """A workbook: trades, positions, limits, figures, each with its number formats. Text never becomes a formula."""
    return write_whole(Path(path), workbook_bytes(document))


def write_json(document: Mapping[str, Any], path: Path | str) -> Path:
    """The document itself: sorted keys, indented, UTF-8; the same document gives the same bytes."""
    return write_whole(Path(path), json_text(document).encode())


def json_text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_whole(path: Path, content: bytes) -> Path:
    """Write beside, then rename over: a reader sees the old file or the new one. Raises InvalidValue where it may not be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _not_writable(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except OSError as error:
        Path(beside).unlink(missing_ok=True)
        raise _not_writable(path, error) from error
    return path


def _not_writable(path: Path, error: OSError) -> InvalidValue:
    return InvalidValue(
        "path", str(path), f"cannot be written ({error.strerror})", fix="name a file in a folder you may write to"
    )


def csv_cell(value: Any) -> Any:
    """A value for a CSV file: numbers and money as they are, text made harmless."""
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
