"""Files kept by hand to tables: separated text, workbooks, Parquet, and JSON in the shapes that people write."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from portopt.domain.errors import DataError, FileNotReadable, MalformedDocument, UnknownField
from portopt.domain.universe import CASH
from portopt.tables.account import Account
from portopt.tables.delivered import Delivered
from portopt.tables.files import read_content, read_file, size_of, unreadable
from portopt.tables.head import score_of
from portopt.tables.names import plain_name
from portopt.tables.row_columns import Wanted
from portopt.tables.separated import table_of
from portopt.tables.table import Table
from portopt.tables.text import text_of

MAX_FILE_BYTES = 64 << 20
KINDS = (".csv", ".txt", ".tsv", ".xlsx", ".parquet", ".json")
MAX_ROWS = 200_000
HELD = "shares"


def hand_table(path: str | Path | Delivered, wanted: Wanted, said: Account) -> Table:
    score = score_of(
        [spelling for known in wanted.columns.values() for spelling in known],
        [wanted.columns[name] for name in wanted.required],
    )
    if isinstance(path, Delivered):
        if path.kind == ".json":
            return _of_json(text_of(path.content, said), said.where, wanted)
        return read_content(path, score, said, MAX_FILE_BYTES)
    if str(path) == "-":
        text = sys.stdin.read(MAX_FILE_BYTES + 1)
        if len(text) > MAX_FILE_BYTES:
            raise FileNotReadable(f"standard input is larger than {MAX_FILE_BYTES:,} characters", field="path", value="-")
        text = text_of(text.encode("utf-8", errors="surrogateescape"), said)
        return _of_json(text, said.where, wanted) if text.lstrip()[:1] in ("[", "{") else table_of(text, score, said)
    path = Path(path)
    kind = path.suffix.lower()
    try:
        size = size_of(path, wanted.what)
        if size > MAX_FILE_BYTES:
            raise FileNotReadable(f"{path} is larger than {MAX_FILE_BYTES:,} bytes", field="path", value=str(path))
        if kind == ".json":
            return _of_json(text_of(path.read_bytes(), said), path.name, wanted)
    except OSError as error:
        raise unreadable(path, error, KINDS, field=wanted.what) from error
    if kind not in KINDS:
        raise FileNotReadable(
            f"{path}: {wanted.what} are read from .csv, .xlsx, .parquet and .json files",
            field="path",
            value=str(path),
            fixes=["save the table as CSV or XLSX"],
        )
    return read_file(path, score, said, MAX_FILE_BYTES, field=wanted.what)


def _of_json(text: str, where: str, wanted: Wanted) -> Table:
    """A list of objects, one an asset, or {asset: number}; also under "holdings", "assets" or "weights", beside "cash"."""
    try:
        # Numbers stay as written: 0.1 shares are a tenth, not its nearest binary fraction.
        document = json.loads(text, parse_float=_Written, parse_int=_Written)
    except (ValueError, RecursionError) as error:
        raise MalformedDocument(
            f"{where} is not JSON: {error}",
            field="path",
            value=where,
            fixes=["correct the JSON at the place named, or use CSV"],
        ) from error
    first, second = list(wanted.columns)[:2]
    # {asset: number} says how much of it is held, unless its reader cannot do without another number.
    asset, value = wanted.columns[first][0], wanted.columns[second][0] if second in wanted.required else HELD
    beside = {name: document[name] for name in wanted.documents if isinstance(document, dict) and name in document}
    if beside:
        document = {name: value for name, value in document.items() if name not in beside}
    extra: list[dict[str, Any]] = []
    inner = next((key for key in ("holdings", "assets", "weights") if isinstance(document, dict) and key in document), None)
    if inner is not None:
        for key in (key for key in document if key not in (inner, "cash")):
            raise UnknownField(key, [inner, "cash", *wanted.documents], path=wanted.what)
        extra = [{asset: CASH, value: document["cash"]}] if "cash" in document else []
        document = document[inner]
    if isinstance(document, dict):
        document = [{asset: key, value: number} for key, number in document.items()]
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        raise MalformedDocument(f"{where}: expected a list of objects, one an asset", field="path", value=where)
    items = [*document, *extra]
    bounded(len(items), where)
    return replace(_of_items([_spelled(item, wanted) for item in items], where), beside=beside)


def _spelled(item: Mapping[str, Any], wanted: Wanted) -> Mapping[str, Any]:
    """The object with the first spelling of each name: one object may say symbol, the next asset."""
    first = {spelling: known[0] for known in wanted.columns.values() for spelling in known}
    keys = [first.get(plain_name(key), key) for key in item]
    return item if len(set(keys)) < len(keys) else dict(zip(keys, item.values(), strict=True))


class _Written(str):
    """A JSON number as it was written."""

    __slots__ = ()


def _of_items(items: Sequence[Mapping[str, Any]], where: str) -> Table:
    names = list(dict.fromkeys(str(key) for item in items for key in item))
    for i, item in enumerate(items):
        nested = [key for key, cell in item.items() if isinstance(cell, dict | list)]
        if nested:
            raise MalformedDocument(
                f"{where}, item {i + 1}: {nested[0]} holds a list or an object, not a value",
                field="path",
                value=where,
                fixes=['write one object an asset: {"asset": "AAPL", "shares": 10}'],
            )
    cells = [[None if item.get(name) is None else str(item[name]) for item in items] for name in names]
    typed = all(not isinstance(cell, str) or isinstance(cell, _Written) or not any(c in ".," for c in cell)
                for item in items for cell in item.values())  # fmt: skip
    columns = tuple(pl.Series(name, column, dtype=pl.String) for name, column in zip(names, cells, strict=True))
    # A text "1.234" in JSON was written by a person; a number was not.
    return Table(tuple(names), columns, np.arange(1, len(items) + 1), "." if typed else None)


def bounded(rows: int, where: str) -> None:
    if rows > MAX_ROWS:
        raise DataError(
            f"{where} has {rows:,} rows, more than {MAX_ROWS:,}", field="path", value=where, fixes=["keep one row an asset"]
        )
