"""Factor files exactly as Kenneth French's data library publishes them: three and five factors, momentum, any period.

A file is a few lines of prose, then blocks. A block is a header line whose first cell is empty and rows that begin with a
date: YYYYMMDD (daily, weekly), YYYYMM (monthly) or YYYY (annual). Several blocks follow one another in one file, each after a
title; a line of copyright ends it. Numbers are percent; -99.99 and -999 mean missing. Cells are parted by commas, in the older
text files by blanks.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from portopt.domain.errors import DataError, FileNotReadable
from portopt.domain.factor_returns import FactorReturns

MISSING = (-99.99, -999.0)
PERCENT = 100.0
MANY, SMALL = 60, 0.2  # so many rows without a move of so many percent are no percent
RISK_FREE = "RF"
FREQUENCIES = {8: "daily", 6: "monthly", 4: "annual"}
DIGITS = re.compile(r"\d+$")


@dataclass(slots=True)
class Block:
    """One table of the file. rows: (line number, date as written, its cells).

    title: the line above its header; of the first table the file's first line, which says of what vintage it is.
    """

    title: str
    names: tuple[str, ...]
    rows: list[tuple[int, str, list[float]]] = field(default_factory=list)

    @property
    def frequency(self) -> str:
        return FREQUENCIES[len(self.rows[0][1])]


def looks_published(text: str) -> bool:
    """Whether some line's first cell is empty, others are names, and the next line begins with a date of digits."""
    lines = text.splitlines()[:200]
    return any(_header(a) is not None and DIGITS.match(_cells(b)[0]) for a, b in pairwise(lines) if b.strip())


def published_factors(
    text: str, where: str, *, frequency: str | None = None, names: Sequence[str] | None = None
) -> FactorReturns:
    """The factors of one block, as fractions, dates at the end of their period; the risk-free rate apart.

    Args:
        text: the file's content. where: its name, for messages.
        frequency: "daily", "monthly" or "annual": which block; None is the first. names: factors wanted, None for all.
    Raises:
        FileNotReadable: no block. DataError: a row that is no row, by line and value; a frequency or factor not there.
    """
    found = blocks(text, where)
    wanted = [block for block in found if frequency is None or block.frequency == frequency]
    if not wanted:
        have = ", ".join(dict.fromkeys(block.frequency for block in found))
        raise DataError(
            f"{where} has no {frequency} factors; it has: {have}", field="factors.source.frequency", value=frequency
        )
    block = wanted[0]
    dates = np.array([_end_of(date) for _, date, _ in block.rows], dtype="datetime64[D]")
    table = np.array([cells for _, _, cells in block.rows])
    columns = [name for name in block.names if name != RISK_FREE] if names is None else list(names)
    for name in columns:
        if name not in block.names:
            raise DataError(
                f"{where} has no factor {name!r}; it has: {', '.join(block.names)}", field="factors.names", value=name
            )
    used = [*columns, RISK_FREE] if RISK_FREE in block.names and RISK_FREE not in columns else columns
    values = table[:, [block.names.index(name) for name in used]]
    known = ~np.isin(values, MISSING).any(axis=1)
    if not known.any():
        raise DataError(f"{where}: every row is missing {', '.join(columns)}", field="factors.source")
    if known.sum() >= MANY and float(np.abs(values[known]).max()) < SMALL:
        raise DataError(
            f"{where}: no return is larger than {SMALL} %; these look like fractions, published files are in percent",
            field="factors.source.unit",
            fixes=["name the date column date: the file is then read as a table of fractions"],
        )
    values = values[known] / PERCENT
    dropped = int((~known).sum())
    kept = f"{block.frequency} factors in percent" + (f", {dropped} rows without a value left out" if dropped else "")
    return FactorReturns(
        tuple(columns),
        values[:, : len(columns)],
        dates[known],
        values[:, -1] if len(used) > len(columns) else None,
        excess=True,
        source=where,
        notes=(kept, *((block.title,) if block.title else ())),
    )


def blocks(text: str, where: str) -> list[Block]:
    """Every table of the file. Raises FileNotReadable without one, DataError for a row that does not fit its table."""
    found: list[Block] = []
    title, open_block = "", False
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            open_block = False
            continue
        names = _header(line)
        if names is not None:
            found.append(Block(title, names))
            title, open_block = "", True
            continue
        cells = _cells(line)
        if not open_block and found and DIGITS.match(cells[0]) and len(cells) == len(found[-1].names) + 1:
            found.append(Block(title, found[-1].names))  # a second table under the header of the first
            title, open_block = "", True
        if open_block and (DIGITS.match(cells[0]) or len(cells) == len(found[-1].names) + 1):
            _append(found[-1], number, cells, where)
        else:
            open_block = False
            title = line.strip(" ,") if found or not title else title
    found = [block for block in found if block.rows]
    if not found:
        raise FileNotReadable(
            f"{where}: no table of factors in the published layout (a header line that begins with an empty cell)",
            field="factors.source",
            value=where,
        )
    return found


def _append(block: Block, number: int, cells: list[str], where: str) -> None:
    date = cells[0]
    if not DIGITS.match(date) or len(date) not in FREQUENCIES:
        raise _bad(where, number, date, "is no date (YYYYMMDD, YYYYMM or YYYY)")
    if block.rows and len(date) != len(block.rows[0][1]):
        raise _bad(where, number, date, f"is no date of this table, which has dates like {block.rows[0][1]}")
    if block.rows and date <= block.rows[-1][1]:
        raise _bad(where, number, date, f"does not follow {block.rows[-1][1]}")
    if _end_of(date) is None:
        raise _bad(where, number, date, "is no day of the calendar")
    if len(cells) != len(block.names) + 1:
        raise _bad(where, number, len(cells) - 1, f"numbers stand under {len(block.names)} names ({', '.join(block.names)})")
    values = []
    for name, cell in zip(block.names, cells[1:], strict=True):
        try:
            value = float(cell)
        except ValueError:
            raise _bad(where, number, cell, f"is no number ({name}, {date})") from None
        if not np.isfinite(value) or (value < -PERCENT and value not in MISSING):
            raise _bad(where, number, cell, f"is no return in percent ({name}, {date})")
        values.append(value)
    block.rows.append((number, date, values))


def _bad(where: str, number: int, value: object, why: str) -> DataError:
    return DataError(
        f"{where}, line {number}: {value!r} {why}",
        field="factors.source",
        value=value,
        measured={"line": number},
        fixes=[f"correct line {number} of {where}, or download it again"],
    )


def _end_of(date: str) -> np.datetime64 | None:
    """The last day of the period, or None for a date that is none."""
    try:
        if len(date) == 8:
            return np.datetime64(f"{date[:4]}-{date[4:6]}-{date[6:]}", "D")
        if len(date) == 6:
            return month_end(int(date[:4]), int(date[4:]))
        return np.datetime64(f"{date}-12-31", "D")
    except ValueError:
        return None


def month_end(year: int, month: int) -> np.datetime64:
    """The month's last day. Raises ValueError for no month."""
    if not 1 <= month <= 12:
        raise ValueError(month)
    return np.datetime64(f"{year:04d}-{month:02d}-{monthrange(year, month)[1]:02d}", "D")


def _header(line: str) -> tuple[str, ...] | None:
    """Names of a header line, or None: the first cell is empty, the rest are names and not numbers."""
    if "," in line:
        cells = [cell.strip() for cell in line.split(",")]
        names = tuple(cells[1:])
        plain = not cells[0] and all(names) and bool(names)
    else:
        names = tuple(line.split())
        plain = line[:1] in (" ", "\t") and len(names) > 1 and all(len(name) <= 8 and ":" not in name for name in names)
        plain = plain and any(name == RISK_FREE or name.startswith("Mkt") for name in names)
    return names if plain and not any(_is_number(name) for name in names) else None


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split(",")] if "," in line else line.split() or [""]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
