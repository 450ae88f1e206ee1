"""Tables as the world writes them: the same values in any dialect, seeded."""

from __future__ import annotations

import gzip
import io
import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl

STYLES = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d-%b-%Y", "%b %d, %Y",
          "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%y-%m-%d", "%y/%m/%d", "%-m/%-d/%y", "%-d/%-m/%Y")  # fmt: skip
NOTHING = ("", "", "n/a", "#N/A", "-")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written. group: what parts thousands; style: of dates; kind: of file."""

    kind: str
    separator: str
    mark: str
    group: str
    style: str
    ending: str
    encoding: str
    titles: int
    trailing: bool
    quoted: bool
    total: bool


def dialect(rng: random.Random) -> Dialect:
    mark = rng.choice(".,")
    # Between commas thousands are not parted by points: such a file says one thing to a machine and another to its writer.
    separator = rng.choice((",", ";", "\t")) if mark == "." else rng.choice((";", "\t"))
    return Dialect(
        kind=rng.choice(("csv", "csv", "csv", "csv", "csv.gz", "xlsx", "parquet")),
        separator=separator,
        mark=mark,
        group=rng.choice(("", "", "." if mark == "," else ",", " ", "'")),
        style=rng.choice(STYLES),
        ending=rng.choice(("\n", "\r\n")),
        encoding=rng.choice(("utf-8", "utf-8-sig", "utf-16", "utf-16-le")),
        titles=rng.choice((0, 0, 1, 2)),
        trailing=rng.random() < 0.2,
        quoted=rng.random() < 0.2,
        total=rng.random() < 0.3,
    )


def number(value: Decimal, how: Dialect) -> str:
    whole, _, part = f"{value:,f}".partition(".")
    return whole.replace(",", how.group) + (how.mark + part if part else "")


def days(rng: random.Random, count: int) -> list[date]:
    first = date(1999, 1, 1) + timedelta(days=rng.randrange(9000))
    return sorted({first + timedelta(days=rng.randrange(60)) for _ in range(count)})


def written(rows: list[list[str]], how: Dialect, folder: Path, stem: str) -> Path:
    """The rows, names first, as a file of that dialect."""
    path = folder / f"{stem}.{how.kind}"
    if how.kind in ("xlsx", "parquet"):
        frame = pl.DataFrame(rows[1:], schema=[(name, pl.String) for name in rows[0]], orient="row")
        frame.write_parquet(path) if how.kind == "parquet" else frame.write_excel(path)
        return path
    lines = [how.separator.join(_cell(cell, how) for cell in row) + (how.separator if how.trailing else "") for row in rows]
    lines = [f"Report {i + 1} of the desk" for i in range(how.titles)] + ([""] if how.titles else []) + lines
    content = (how.ending.join(lines) + how.ending).encode(how.encoding)
    path.write_bytes(gzip.compress(content, mtime=0) if how.kind == "csv.gz" else content)
    return path


def _cell(text: str, how: Dialect) -> str:
    if how.quoted or how.separator in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def bytes_of(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()
