"""Good files of every kind that the product reads, and seeded ways to spoil them."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

DAYS = [str(day) for day in np.datetime64("2024-01-02") + np.arange(40)]
PRICES = 100 * np.cumprod(1 + np.random.default_rng(4).normal(0, 0.01, (40, 3)), axis=0)
NAMES = ("AAA", "BBB", "CCC")
WIDE = [["Date", *NAMES], *[[day, *(f"{p:.4f}" for p in row)] for day, row in zip(DAYS, PRICES, strict=True)]]
LONG = [["ticker", "date", "close", "volume"],
        *[[NAMES[j], DAYS[t], f"{PRICES[t, j]:.4f}", "1000"] for t in range(40) for j in range(3)]]  # fmt: skip
HOLDINGS = [["asset", "shares", "sector", "quality_score", "benchmark_weight"],
            ["AAA", "40", "x", "7.5", "0.5"], ["BBB", "30.5", "y", "6", "0.3"], ["CCC", "0", "y", "8", "0.2"],
            ["CASH", "500", "", "", ""]]  # fmt: skip
UNIVERSE = [
    ["asset", "sector", "quality_score", "attribute_beta"],
    ["AAA", "x", "7", "1.1"],
    ["BBB", "y", "6", "0.9"],
    ["CCC", "y", "8", "1"],
]
BENCHMARK = [["asset", "weight"], ["AAA", "0.5"], ["BBB", "0.3"], ["CCC", "0.2"]]
TABLES = {"prices": WIDE, "holdings": HOLDINGS, "universe": UNIVERSE, "benchmark": BENCHMARK}
NASTY = (
    "", " ", "NaN", "inf", "-inf", "1e308", "-1e308", "1e-320", "9" * 400, "0x1F", "1,5", "1.234,5", "1.234", "1,234",
    "١٢", "\u202e", "=1+1", "#REF!", "NULL", "true", "{}", "[1]", "'", '"', '""', "A" * 5000, "2024-13-45", "9999-99-99",
    "0000-00-00", "31/12/99", "01/02/2024", "\u2603", "CASH", "-0", "1e15", "+", "%", "5%", "$", "($5)", "(", ";", ",", "\t",
    "\n", "asset", "Date", "-5", "0", "1e400", "45293", "\ufeff", "\u200b", "\u00a0", "n/a", "-", "Total", "date",
    "2024-01-02", "AAA", "1 000", "1_000", "٣", "1/0", "\\N", "\x1a",
)  # fmt: skip
Rows = list[list[str]]


def of_kind(rows: Rows, kind: str) -> bytes:
    """The table as a file of that kind."""
    if kind in ("csv", "csv.gz"):
        text = "\n".join(",".join(_quoted(cell) for cell in row) for row in rows) + "\n"
        content = text.encode("utf-8", errors="surrogatepass")
        return gzip.compress(content, mtime=0) if kind == "csv.gz" else content
    if kind == "json":
        return json.dumps([dict(zip(rows[0], row, strict=False)) for row in rows[1:]]).encode()
    width = max(len(row) for row in rows)
    names = [name or f"c{i}" for i, name in enumerate([*rows[0], *[""] * (width - len(rows[0]))])]
    names = [name if names.index(name) == i else f"{name}{i}" for i, name in enumerate(names)]
    frame = pl.DataFrame(
        [[*row, *[""] * (width - len(row))] for row in rows[1:]], schema=[(n, pl.String) for n in names], orient="row"
    )
    content = io.BytesIO()
    if kind == "parquet":
        numbers = [
            pl.col(n).cast(pl.Float64, strict=False)
            for n in names[1:]
            if frame[n].cast(pl.Float64, strict=False).null_count() == 0
        ]
        frame.with_columns(numbers).write_parquet(content)
    else:
        frame.write_excel(content)
    return content.getvalue()


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"\n') else cell


# --- cells --------------------------------------------------------------------------------------------------------


def nasty_cells(rows: Rows, rng: random.Random) -> Rows:
    for _ in range(rng.choice((1, 1, 2, 5))):
        row = rng.choice(rows)
        if row:
            row[rng.randrange(len(row))] = rng.choice(NASTY)
    return rows


def swapped_columns(rows: Rows, rng: random.Random) -> Rows:
    a, b = rng.randrange(len(rows[0])), rng.randrange(len(rows[0]))
    whole = rng.random() < 0.5  # or the values alone, under the other's name
    for row in rows if whole else rows[1:]:
        if max(a, b) < len(row):
            row[a], row[b] = row[b], row[a]
    return rows


def without_a_column(rows: Rows, rng: random.Random) -> Rows:
    gone = rng.randrange(len(rows[0]))
    return [row[:gone] + row[gone + 1 :] for row in rows]


def with_a_column(rows: Rows, rng: random.Random) -> Rows:
    word = rng.choice(NASTY)
    return [[*row, rng.choice((word, rng.choice(NASTY)))] for row in rows]


def repeated(rows: Rows, rng: random.Random) -> Rows:
    if rng.random() < 0.5:
        return [*rows, rng.choice(rows)]
    again = rng.randrange(len(rows[0]))
    return [[*row, *row[again : again + 1]] for row in rows]


def shuffled(rows: Rows, rng: random.Random) -> Rows:
    kept = rows[1:] if rng.random() < 0.7 else rows
    mixed = rng.sample(kept, len(kept))
    return [*rows[: len(rows) - len(kept)], *mixed]


def ragged(rows: Rows, rng: random.Random) -> Rows:
    row = rng.choice(rows)
    del row[rng.randrange(len(row)) :]
    return rows


def titled(rows: Rows, rng: random.Random) -> Rows:
    return [[rng.choice(NASTY)] for _ in range(rng.randint(1, 3))] + rows + [[rng.choice(NASTY)]]


CELLS: tuple[Callable[[Rows, random.Random], Rows], ...] = (
    nasty_cells, nasty_cells, nasty_cells, swapped_columns, without_a_column, with_a_column, repeated, shuffled, ragged, titled,
)  # fmt: skip


# --- bytes --------------------------------------------------------------------------------------------------------


def flipped(content: bytes, rng: random.Random) -> bytes:
    spoiled = bytearray(content)
    for _ in range(rng.choice((1, 3, 20))):
        spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
    return bytes(spoiled)


def cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def pasted(content: bytes, rng: random.Random) -> bytes:
    a, b = sorted(rng.randrange(len(content)) for _ in range(2))
    return content[:b] + content[a:b] * rng.choice((1, 3)) + content[b:]


def recoded(content: bytes, rng: random.Random) -> bytes:
    text = content.decode("utf-8", errors="replace")
    return text.encode(rng.choice(("utf-16", "utf-16-le", "utf-32", "latin-1", "cp037", "utf-8-sig")), errors="replace")


def reseparated(content: bytes, rng: random.Random) -> bytes:
    return content.replace(b",", rng.choice((b";", b"\t", b"|", b",,", b", ", b"\x1f")))


def other_ends(content: bytes, rng: random.Random) -> bytes:
    return content.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n", b"\n\r", b"", b",\n")))


BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (flipped, flipped, cut, pasted, recoded, reseparated, other_ends)


def spoiled(seed: int) -> tuple[str, str, Mapping[str, bytes]]:
    """One good set of files with one of them spoiled: (which, its kind, content by name)."""
    rng = random.Random(seed)
    name = rng.choice(("prices", "prices", "prices", "holdings", "holdings", "universe", "benchmark"))
    kinds = ("csv", "csv", "csv", "xlsx", "parquet") + (("csv.gz",) if name == "prices" else ("json",))
    kind = rng.choice(kinds)
    rows = [list(row) for row in (LONG if name == "prices" and rng.random() < 0.4 else TABLES[name])]
    in_cells = rng.random() < 0.65
    for _ in range(rng.choice((1, 1, 2)) if in_cells else 0):
        rows = rng.choice(CELLS)([row or [""] for row in rows], rng)
    try:
        content = of_kind(rows, kind)
    except Exception:  # a table that its own writer does not take
        kind, content = "csv", of_kind(rows, "csv")
    if not in_cells or rng.random() < 0.2:
        content = rng.choice(BYTES)(content, rng) if content else content
    good = {f"{other}.csv": of_kind(table, "csv") for other, table in TABLES.items() if other != name}
    return name, kind, good | {f"{name}.{kind}": content}


# --- frames -------------------------------------------------------------------------------------------------------


def odd_frame(seed: int) -> Any:
    """A pandas or Polars frame of prices or returns with something odd about it."""
    import pandas as pd

    rng = random.Random(seed)
    levels = rng.random() < 0.5
    values = PRICES if levels else np.diff(np.log(PRICES), axis=0)
    frame = pd.DataFrame(values, columns=list(NAMES), index=pd.DatetimeIndex(DAYS[: len(values)]))
    for _ in range(rng.choice((1, 2, 3))):
        frame = rng.choice(ODDITIES)(frame, rng) if frame.size else frame
    if rng.random() < 0.2 and frame.columns.is_unique and not isinstance(frame.columns, pd.MultiIndex):
        return pl.DataFrame({str(c): [None if v is None else str(v) for v in frame[c]] for c in frame.columns})
    return frame


def _odd_cells(frame: Any, rng: random.Random) -> Any:
    frame = frame.astype(object)
    for _ in range(3):
        value = rng.choice((*NASTY, None, float("nan"), 10**400, True, b"x", [1], {"a": 1}, 1 + 2j, object()))
        frame.iat[rng.randrange(len(frame)), rng.randrange(frame.shape[1])] = value
    return frame


def _odd_index(frame: Any, rng: random.Random) -> Any:
    import pandas as pd

    n = len(frame)
    return frame.set_axis(
        rng.choice(
            (
                range(n),
                [f"r{t}" for t in range(n)],
                list(range(5, n + 5)),
                [None] * n,
                pd.period_range("2024-01", periods=n, freq="M"),
                pd.date_range("2024-01-01", periods=n, tz="Asia/Tokyo"),
                pd.timedelta_range("1D", periods=n),
                pd.MultiIndex.from_product([["x"], range(n)]),
                [0.5 * t for t in range(n)],
                pd.CategoricalIndex(["a"] * n),
            )
        )
    )


def _odd_columns(frame: Any, rng: random.Random) -> Any:
    import pandas as pd

    width = frame.shape[1]
    return frame.set_axis(
        rng.choice(
            (
                ["A"] * width,
                list(range(width)),
                [None] * width,
                [("Close", f"T{i}") for i in range(width)],
                pd.MultiIndex.from_tuples([("Close", f"T{i}") for i in range(width)]),
                pd.MultiIndex.from_tuples([("x", "y", str(i)) for i in range(width)]),
                pd.DatetimeIndex(DAYS[:width]),
                [rng.choice(NASTY) for _ in range(width)],
                [["date", "close", "asset", "volume"][i % 4] for i in range(width)],
            )
        ),
        axis=1,
    )


def _odd_types(frame: Any, rng: random.Random) -> Any:
    kind = rng.choice(("float32", "str", "string", "category", "Float64", "object", "complex", "datetime64[ns]"))
    try:
        return frame.astype(kind)
    except (TypeError, ValueError, OverflowError):
        return frame


def _odd_shape(frame: Any, rng: random.Random) -> Any:
    return rng.choice((frame.head(0), frame.iloc[:, :0], frame.head(1), frame.T, frame.iloc[::-1], frame.reset_index()))


ODDITIES = (_odd_cells, _odd_index, _odd_columns, _odd_types, _odd_shape)
