"""Which columns of a table by hand are what: used under the reader's name, noted as not read, or asked about."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from portopt.domain.errors import DataError, UnknownField
from portopt.tables.account import Account, in_words, shown
from portopt.tables.names import INDEX, plain_name
from portopt.tables.table import Table

EXPOSURE = "attribute_"  # attribute_beta, attribute_duration: linear exposures that limits may speak of
EXPLAINED = re.compile(r"\s*\(.*\)\s*$")  # Qty (Quantity), Shares (units)
NUMBERED = ": how many are held, not what they are worth or weigh"
NEAR = 0.8  # a column this like a known one, and not it, is a slip of a key rather than another column


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asks of a table.

    columns: its name of each column and the spellings; the asset's first, then the number's. required: without these it is
    none. numbers: columns that hold numbers; they come as decimals with a point. percent: those in which 5% is 0.05.
    beside: columns that are known and not read here. what: "holdings", "universe", "benchmark", for messages.
    loose: of columns, those that another's name may come near without being a slip of theirs. documents: what a JSON document
    may say beside its rows.
    """

    columns: Mapping[str, Sequence[str]]
    required: Sequence[str]
    numbers: Sequence[str]
    beside: Sequence[str]
    what: str
    percent: Sequence[str] = ()
    loose: Sequence[str] = ()
    documents: Sequence[str] = ()


def chosen(table: Table, wanted: Wanted, said: Account) -> dict[str, int]:
    """Position by the reader's name. A column that nobody asked for is noted; one that may have been meant is a problem."""
    spellings = {spelling: name for name, known in wanted.columns.items() for spelling in known}
    plain = [plain_name(name) for name in table.names]
    chosen: dict[str, int] = {}
    left = []
    for i, name in enumerate(plain):
        ours = spellings.get(name) or (name if name.startswith(EXPOSURE) and len(name) > len(EXPOSURE) else None)
        if ours is None:
            if name not in wanted.beside and not _is_count(name, table.columns[i]):
                left.append(i)
        elif ours in chosen:
            said.wrong(
                f"two columns hold the {ours} ({table.names[chosen[ours]]}, {table.names[i]})", f"keep one column of the {ours}"
            )
        else:
            chosen[ours] = i
    for ours in wanted.required:
        explained = [
            i for i in left if ours not in chosen and spellings.get(plain_name(EXPLAINED.sub("", table.names[i]))) == ours
        ]
        if len(explained) == 1:
            chosen[ours] = explained[0]
            left.remove(explained[0])
    missing = [spelling for spelling, ours in spellings.items() if ours not in chosen and ours not in wanted.loose]
    for i in list(left):
        near = difflib.get_close_matches(plain[i], missing, n=1, cutoff=NEAR)
        if near:
            error = UnknownField(table.names[i], [*spellings, *wanted.beside], path=wanted.what)
            said.wrong(
                f"column {shown(table.names[i])} is not known; did you mean {near[0]!r}?",
                f"rename {table.names[i]!r} to {near[0]!r}, or take it out",
                error=error,
            )
            left.remove(i)
    if left:
        said.note(f"column{'s' if len(left) > 1 else ''} {in_words([shown(table.names[i]) for i in left])} "
                  f"{'were' if len(left) > 1 else 'was'} not read")  # fmt: skip
    return chosen


def _is_count(name: str, values: pl.Series) -> bool:
    """An index that a frame wrote beside its columns."""
    if name not in INDEX:
        return False
    numbers = values.cast(pl.Int64, strict=False)
    return numbers.null_count() == 0 and bool((numbers.diff().drop_nulls() == 1).all())


def _is_number(name: str) -> bool:
    return name.replace(".", "").replace(",", "").strip().isdigit()


def require(columns: Mapping[str, int], table: Table, wanted: Wanted, said: Account) -> None:
    """Raises DataError for a column that the table does not have."""
    gone = [name for name in wanted.required if name not in columns]
    if not gone or (not table.names and not said.problems):
        return
    if isinstance(said.alone, UnknownField) and len(gone) == 1 and said.alone.nearest in wanted.columns[gone[0]]:
        raise said.alone
    if not columns and (value := next((name for name in table.names if _is_number(name)), None)) is not None:
        first = ", ".join(known[0] for name, known in wanted.columns.items() if name in wanted.required)
        said.wrong(f"its first row holds values ({shown(value)}) where the names of the columns belong",
                   f"write a row of names above the first: {first}")  # fmt: skip
        said.finish(wanted.what)
    found = in_words([shown(name) for name in table.names])
    known = ", ".join(dict.fromkeys(columns)) or "none that are known"
    first = f"write the names of the columns in the first row: {', '.join(wanted.columns[name][0] for name in wanted.required)}"
    for name in gone:
        said.wrong(
            f"{said.where} has no column for the {name}; it has: {known} (columns found: {found})"
            if not said.problems
            else f"no column for the {name}",
            f"name one column {' or '.join(wanted.columns[name][:2])}{NUMBERED if name == 'shares' else ''}"
            if columns
            else first,
        )
    raise DataError(
        "; ".join(said.problems), field=gone[0], measured={"columns": found, "count": len(said.problems)}, fixes=said.fixes
    )
