"""A table of prices to the long form of the port: names recognised, text parsed by the column, nothing guessed.

Long tables have one row a price; wide ones a date column and one column an asset; a table without an asset column that
has a date and a price is one asset's, named by its file. Two rows of names (Close over AAA, BBB) are known too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from portopt.domain.errors import DataError
from portopt.intake.account import Account, counted, in_words, shown
from portopt.intake.dates import days_of
from portopt.intake.head import DATED
from portopt.intake.names import ADJUSTED, ASSET, CLOSE, DATE, INDEX, QUOTES, VOLUME, adjustment_of, plain_name, position_named
from portopt.intake.numbers import advice, numbers_of
from portopt.intake.table import Table
from portopt.intake.text import cleaned_column

LONGEST_FOOT = 5  # rows below the table that are no prices: sources, notes, totals
NAMES = "name the columns asset_id, date, close (one row a price), or date and one column an asset"


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """long: asset_id (str), date, close (f64) and volume (f64, where there is one), a row a price. adjustment: as named."""

    long: pl.DataFrame
    adjustment: str


@dataclass(frozen=True, slots=True, eq=False)
class _Stack:
    """Rows of (asset, position of the row in the table, text or number), before anything is parsed."""

    assets: pl.Series
    positions: np.ndarray
    values: pl.Series
    volumes: pl.Series | None = None
    long: bool = False


def prices_of(table: Table, said: Account, single_asset: str | None = None) -> Prices:
    """single_asset: the name of a table that names no asset.

    Raises DataError for columns that cannot be recognised (all that were found are named), and for every cell at once that
    is no date and no price.
    """
    table = _without_index(_cleaned(table, said), said)
    day = _date_column(table, said)
    stack, adjustment = _stacked(table, day, said, single_asset)
    days = _days(table, day, stack, said)
    close = _numbers(stack, stack.values, table, days, said, "close")
    columns = {"asset_id": stack.assets, "date": _by_price(days, stack), "close": close}
    if stack.volumes is not None:
        columns["volume"] = _numbers(stack, stack.volumes, table, days, said, "volume")
    _require_names(stack, close, table, said)
    said.finish("prices")
    long = pl.DataFrame([values.alias(name) for name, values in columns.items()])
    kept = long.filter(pl.col("close").is_not_null())
    if not kept.height:
        raise DataError(f"{said.where} holds no price: {_emptiness(table)}", field="prices", measured={"rows": table.height},
                        fixes=["write the prices below the names of the columns"])  # fmt: skip
    _note_empty(long, kept, said)
    return Prices(kept, adjustment)


def _emptiness(table: Table) -> str:
    return "not one row below the names of its columns" if not table.height else "every cell is empty"


# --- columns ------------------------------------------------------------------------------------------------------


def _cleaned(table: Table, said: Account) -> Table:
    columns = tuple(
        cleaned_column(values, name, said) if values.dtype == pl.String else values
        for name, values in zip(table.names, table.columns, strict=True)
    )
    return Table(table.names, columns, table.rows, table.mark, table.levels)


def _without_index(table: Table, said: Account) -> Table:
    """Without columns that only count rows or repeat the year of the date: neither is an asset."""
    day = position_named(table.names, DATE)
    gone = [i for i in range(len(table.names)) if i != day and day is not None and _counts(table, i, day)]
    if not gone:
        return table
    named = in_words([shown(table.names[i]) for i in gone])
    said.note(f"column {named} counts rows or years, and was not read")
    kept = [i for i in range(len(table.names)) if i not in gone]
    return Table(
        tuple(table.names[i] for i in kept),
        tuple(table.columns[i] for i in kept),
        table.rows,
        table.mark,
        tuple(tuple(level[i] for i in kept) for level in table.levels),
    )


def _counts(table: Table, position: int, day: int) -> bool:
    name, values = plain_name(table.names[position]), table.columns[position]
    if name not in (*INDEX, "year", "row", "id", "no", "nr", "#"):
        return False
    numbers = values.cast(pl.Int64, strict=False)
    if numbers.null_count() or not len(numbers):
        return False
    if name == "year":
        days = table.columns[day].cast(pl.String).to_list()
        return all(day is not None and str(year) in day for day, year in zip(days, numbers.to_list(), strict=True))
    return bool((numbers.diff().drop_nulls() == 1).all())


def _date_column(table: Table, said: Account) -> int:
    day = position_named(table.names, DATE)
    close = position_named(table.names, CLOSE)
    if day is None and close is None and table.names and plain_name(table.names[0]) in INDEX:
        return 0  # a data frame's unnamed index
    if day is not None:
        return day
    if table.names and DATED.match(table.names[0]):
        raise _unrecognised(table.names, said, "its first row holds values where the names of the columns belong")
    dated = [i for i, values in enumerate(table.columns) if _all_dates(values)]
    if len(dated) != 1:
        raise _unrecognised(table.names, said, f"no date column (one of {', '.join(DATE)})")
    said.note(f"column {shown(table.names[dated[0]])} holds dates, and was taken for the date")
    return dated[0]


def _all_dates(values: pl.Series) -> bool:
    if values.dtype.is_temporal():
        return values.dtype in (pl.Date, pl.Datetime)
    if values.dtype != pl.String or not len(values) or not DATED.match(str(values[0])):
        return False
    read = days_of(values)
    return not read.wrong and not read.days.null_count()


def _stacked(table: Table, day: int, said: Account, single: str | None) -> tuple[_Stack, str]:
    if table.levels:
        return _levelled(table, day, said)
    names = table.names
    asset, close, volume = (position_named(names, kind) for kind in (ASSET, CLOSE, VOLUME))
    others = [i for i in range(len(names)) if i != day]
    if asset is not None and close is not None:
        return _long(table, day, table.columns[asset], close, volume, said), adjustment_of(names)
    if asset is not None and not _numeric(table.columns[asset]):
        raise _unrecognised(names, said, f"no price column (one of {', '.join(CLOSE)})")
    if close is not None and all(plain_name(names[i]) in (*QUOTES, "currency") for i in others):
        if single is None:
            raise _unrecognised(names, said, "these are prices of one asset, and nothing says of which")
        return _long(table, day, pl.Series([single] * table.height), close, volume, said), adjustment_of(names)
    if close is not None:
        foreign = in_words([shown(names[i]) for i in others if plain_name(names[i]) not in QUOTES])
        raise _unrecognised(
            names, said, f"prices of one asset by {shown(names[close])}, or of several with {foreign} among them?"
        )
    return _wide(table, day, others, said), "unknown"


def _numeric(values: pl.Series) -> bool:
    """Whether a column named like a ticker holds numbers: then it is one."""
    return values.dtype.is_numeric() or (values.dtype == pl.String and values.cast(pl.Float64, strict=False).null_count() == 0)


def _long(table: Table, day: int, assets: pl.Series, close: int, volume: int | None, said: Account) -> _Stack:
    used = {day, close, *([volume] if volume is not None else []), position_named(table.names, ASSET)}
    repeated = [n for n in dict.fromkeys(table.names[i] for i in used if i is not None) if table.names.count(n) > 1]
    for name in repeated:
        said.wrong(f"two columns are called {shown(name)}", "keep one column of each name")
    left = [shown(name) for i, name in enumerate(table.names) if i not in used]
    if left:
        said.note(f"column{'s' if len(left) > 1 else ''} {in_words(left)} {'were' if len(left) > 1 else 'was'} not read")
    names = assets.cast(pl.String).str.strip_chars()
    names = names.set((names == "").fill_null(False), None)
    return _Stack(names, np.arange(table.height), table.columns[close], None if volume is None else table.columns[volume], True)


def _wide(table: Table, day: int, others: Sequence[int], said: Account) -> _Stack:
    if not others:
        raise _unrecognised(table.names, said, "a date column and nothing else")
    assets = [(table.names[i].strip(), i) for i in others]
    _require_once(assets, said)
    foreign = [
        name
        for name, i in assets
        if not (table.columns[i].dtype.is_numeric() or table.columns[i].dtype in (pl.String, pl.Null))
    ]
    if foreign:
        raise _unrecognised(table.names, said, f"columns that hold no prices: {', '.join(foreign)}")
    return _of_columns(table, assets)


def _of_columns(table: Table, assets: Sequence[tuple[str, int]]) -> _Stack:
    columns = [table.columns[i] for _, i in assets]
    kinds = {values.dtype for values in columns} - {pl.Null}
    common = pl.Float64 if all(kind.is_numeric() for kind in kinds) else pl.String
    values = pl.concat([values.cast(common).alias("") for values in columns])
    names = pl.Series([name for name, _ in assets], dtype=pl.String)
    repeated = names.gather(np.repeat(np.arange(len(assets)), table.height))
    return _Stack(repeated, np.tile(np.arange(table.height), len(assets)), values)


def _require_once(assets: Sequence[tuple[str, int]], said: Account) -> None:
    places: dict[str, list[int]] = {}
    for name, i in assets:
        places.setdefault(name, []).append(i + 1)
    for name, where in places.items():
        if not name:
            said.wrong(f"column {in_words(where)} has no name", "name the column after its asset, or take it out")
        elif len(where) > 1:
            said.wrong(
                f"{name} stands in columns {in_words(where)}: which of them holds its prices is not said",
                f"keep one column of {name}, or rename the other after the asset that it is",
            )


def _levelled(table: Table, day: int, said: Account) -> tuple[_Stack, str]:
    """Two rows of names: one of them fields (Close, Volume), the other tickers."""
    above, below = table.levels[-1], table.names
    others = [i for i in range(len(below)) if i != day]
    fields, tickers = (above, below) if all(plain_name(above[i]) in QUOTES for i in others) else (below, above)
    if not others or not all(plain_name(fields[i]) in QUOTES for i in others):
        raise _unrecognised(
            below, said, f"two rows of names, and neither is of fields such as Close and Volume; above: {in_words(above)}"
        )
    kinds = {plain_name(fields[i]) for i in others}
    chosen = next((name for name in CLOSE if name in kinds), None)
    if chosen is None:
        raise _unrecognised(fields, said, f"no price among the fields {in_words(sorted(kinds))}")
    closes = [(tickers[i], i) for i in others if plain_name(fields[i]) == chosen]
    _require_once(closes, said)
    left = sorted({shown(fields[i]) for i in others if plain_name(fields[i]) not in (chosen, *VOLUME)})
    said.note(f"prices are those under {shown(fields[closes[0][1]])}" + (f"; {in_words(left)} not read" if left else ""))
    stack = _of_columns(table, closes)
    volumes = {tickers[i]: i for i in others if plain_name(fields[i]) in VOLUME}
    if volumes and all(name in volumes for name, _ in closes):
        by_asset = _of_columns(table, [(name, volumes[name]) for name, _ in closes])
        stack = replace(stack, volumes=by_asset.values)
    return stack, "adjusted" if chosen in ADJUSTED else "unknown"


# --- cells --------------------------------------------------------------------------------------------------------


def _used_rows(stack: _Stack, table: Table) -> np.ndarray:
    """(T,) whether a row holds anything to be read."""
    filled = stack.values.is_not_null()
    if stack.values.dtype == pl.String and filled.any():
        filled = filled & (stack.values.str.strip_chars() != "")
    used = np.zeros(table.height, dtype=bool)
    used[stack.positions[filled.fill_null(False).to_numpy()]] = True
    return used


def _days(table: Table, day: int, stack: _Stack, said: Account) -> pl.Series:
    """(T,) the day of each row; null where a row says nothing."""
    values = table.columns[day]
    read = days_of(values.cast(pl.String) if values.dtype == pl.Null else values)
    if read.wrong or read.days.null_count():
        used = _used_rows(stack, table)
        read = days_of(_without_foot(table, values, used, said))
        for position, text, why in read.wrong:
            fix = "write dates as YYYY-MM-DD" + (", and take out rows that are no prices" if why == "is no date" else "")
            fix = f"correct row {table.row(position)}, or take it out" if "slip" in why else fix
            place = f"{shown(text)} (row {table.row(position)})"
            said.wrong(f"not dates: {place}" if why == "is no date" else f"the date {place} {why}", fix)
        empty = values.is_null() | (values.cast(pl.String).str.strip_chars() == "")
        for position in np.flatnonzero(used & empty.to_numpy())[:3]:
            said.wrong(f"row {table.row(int(position))}: prices without a date", "write the date of every row, or take it out")
    if read.note:
        said.note(read.note)
    return read.days


def _by_price(days: pl.Series, stack: _Stack) -> pl.Series:
    """The day of each price: in a long table that of its row."""
    return days if stack.long else days.gather(stack.positions)


def _without_foot(table: Table, values: pl.Series, used: np.ndarray, said: Account) -> pl.Series:
    """The dates without words in the last rows that have no price beside them: sources, notes."""
    if values.dtype != pl.String or used.all():
        return values
    filled = np.flatnonzero(used)
    last = int(filled[-1]) if len(filled) else -1
    foot = [i for i in range(last + 1, table.height) if values[i] is not None and not str(values[i])[:1].isdigit()]
    if not foot or table.height - last - 1 > LONGEST_FOOT:
        return values
    rows = in_words([f"row {table.row(i)} ({shown(str(values[i]))})" for i in foot])
    said.note(f"{rows} below the prices {'was' if len(foot) == 1 else 'were'} not read")
    return pl.concat([values[: last + 1], pl.Series([None] * (table.height - last - 1), dtype=pl.String)])


def _numbers(stack: _Stack, values: pl.Series, table: Table, days: pl.Series, said: Account, what: str) -> pl.Series:
    if values.dtype.is_numeric():
        return values.cast(pl.Float64)
    if values.dtype == pl.Null:
        return values.cast(pl.Float64)
    if values.dtype != pl.String:
        values = values.cast(pl.String)
    read = numbers_of(values, table.mark)

    def place(position: int) -> str:
        row = int(stack.positions[position])
        day = f" on {days[row]}" if days[row] is not None else ""
        asset = stack.assets[position]
        return f"{asset if asset is not None else 'no asset'}{day}: {values[position]!r} (row {table.row(row)})"

    if read.wrong:
        _say_wrong(read.wrong, values, place, said)
    if read.missing:
        words = in_words([f"{shown(word)} in {counted(n, 'cell')}" for word, n in read.missing.items()])
        first = place(int((values.str.strip_chars() == next(iter(read.missing))).fill_null(False).arg_max() or 0))
        said.note(f"{words} {'means' if len(read.missing) == 1 else 'mean'} no {'price' if what == 'close' else what}: {first}")
    if read.signs:
        said.note(f"the sign {read.signs[0]} was left off its {'prices' if what == 'close' else 'volumes'}")
    if read.mark == ",":
        said.note(f"the comma is the decimal mark of its {'prices' if what == 'close' else 'volumes'}")
    return read.text.cast(pl.Float64, strict=False)


def _say_wrong(wrong: Sequence[tuple[int, str]], values: pl.Series, place: Callable[[int], str], said: Account) -> None:
    by_why: dict[str, list[int]] = {}
    for position, why in wrong:
        by_why.setdefault(why, []).append(position)
    for why, positions in by_why.items():
        cells = "; ".join(place(position) for position in positions[:3])
        if why == "is not a number":
            count = f"{len(positions)} value{'s are not numbers' if len(positions) > 1 else ' is not a number'}"
            said.wrong(f"{count}: {cells}", advice("", why))
        else:
            said.wrong(f"{cells} {why}", advice(str(values[positions[0]]), why))


def _require_names(stack: _Stack, close: pl.Series, table: Table, said: Account) -> None:
    nameless = (stack.assets.is_null() & close.is_not_null()).arg_true()
    if len(nameless):
        row = table.row(int(stack.positions[int(nameless[0])]))
        said.wrong(f"{counted(len(nameless), 'price')} without an asset, the first in row {row}", "name the asset of every row")


def _note_empty(long: pl.DataFrame, kept: pl.DataFrame, said: Account) -> None:
    """Assets of the table that have no price at all are not in what is passed on: said here or nowhere."""
    if kept.height == long.height:
        return
    named = long["asset_id"].drop_nulls().unique(maintain_order=True)
    gone = named.filter(~named.is_in(kept["asset_id"].unique().to_list()))
    if len(gone):
        said.note(f"{in_words(gone.to_list())} {'has' if len(gone) == 1 else 'have'} no price in any row")


def _unrecognised(columns: Sequence[str], said: Account, what: str) -> DataError:
    found = ", ".join(repr(column) for column in columns[:20]) + (" …" if len(columns) > 20 else "")
    return DataError(
        f"{'; '.join([f'{said.where}: {what}', *said.problems])}; columns found: {found}",
        field="prices",
        measured={"columns": list(columns)},
        fixes=[NAMES, *said.fixes],
    )
