"""Which columns of a price table are what: names recognised, indices set aside, two rows of names told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from portopt.domain.errors import DataError
from portopt.tables.account import Account, in_words, shown
from portopt.tables.dates import days_of
from portopt.tables.head import DATED
from portopt.tables.names import (
    ADJUSTED,
    ASSET,
    CLOSE,
    CURRENCY,
    DATE,
    INDEX,
    QUOTES,
    RAW,
    VOLUME,
    adjustment_of,
    numbered,
    plain_name,
    position_named,
)
from portopt.tables.table import Table

NAMES = "name the columns asset_id, date, close (one row a price), or date and one column an asset"


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Rows of (asset, position of the row in the table, text or number), before anything is parsed.

    raw: closes that stand beside adjusted ones. currencies: what a column says the prices are in.
    """

    assets: pl.Series
    positions: np.ndarray
    values: pl.Series
    volumes: pl.Series | None = None
    long: bool = False
    raw: pl.Series | None = None
    currencies: pl.Series | None = None


def counting(table: Table, said: Account) -> frozenset[int]:
    """Positions of columns that only count rows or repeat the year of the date: neither is an asset."""
    day = position_named(table.names, DATE)
    gone = [i for i in range(len(table.names)) if i != day and day is not None and _counts(table, i, day)]
    if gone:
        named = in_words([shown(table.names[i]) for i in gone])
        said.note(f"column {named} counts rows or years, and was not read")
    return frozenset(gone)


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


def date_column(table: Table, said: Account) -> int:
    day = position_named(table.names, DATE)
    close = position_named(table.names, CLOSE)
    if day is None and close is None and table.names and plain_name(table.names[0]) in INDEX:
        return 0  # a data frame's unnamed index
    if day is not None:
        return day
    if table.names and DATED.match(table.names[0]):
        raise unrecognised(table.names, said, "its first row holds values where the names of the columns belong")
    dated = [i for i, values in enumerate(table.columns) if _all_dates(values)]
    if len(dated) != 1:
        raise unrecognised(table.names, said, f"no date column (one of {', '.join(DATE)})")
    said.note(f"column {shown(table.names[dated[0]])} holds dates, and was taken for the date")
    return dated[0]


def _all_dates(values: pl.Series) -> bool:
    if values.dtype.is_temporal():
        return values.dtype in (pl.Date, pl.Datetime)
    if values.dtype != pl.String or not len(values) or not DATED.match(str(values[0])):
        return False
    read = days_of(values)
    return not read.wrong and not read.days.null_count()


def stacked(table: Table, day: int, said: Account, single: str | None) -> tuple[Stack, str]:
    """The prices before they are parsed, and their adjustment. single: the name of a table that names no asset."""
    gone = counting(table, said)
    if table.levels:
        return _levelled(table, day, gone, said)
    names = table.names
    asset, close, volume = (position_named(names, kind) for kind in (ASSET, CLOSE, VOLUME))
    others = [i for i in range(len(names)) if i != day and i not in gone]
    if asset is not None and close is not None:
        return _long(table, (day, *gone), table.columns[asset], close, volume, said), adjustment_of(names)
    if asset is not None and not _numeric(table.columns[asset]):
        raise unrecognised(names, said, f"no price column (one of {', '.join(CLOSE)})")
    of_one = sum(plain_name(names[i]) in ("open", "high", "low") for i in others) >= 2  # what no list of tickers looks like
    if close is not None and (of_one or all(plain_name(names[i]) in (*QUOTES, *CURRENCY) for i in others)):
        if single is None:
            raise unrecognised(names, said, "these are prices of one asset, and nothing says of which")
        return _long(
            table, (day, *gone), pl.Series([single] * table.height, dtype=pl.String), close, volume, said
        ), adjustment_of(names)
    if close is not None:
        foreign = in_words([shown(names[i]) for i in others if plain_name(names[i]) not in QUOTES])
        raise unrecognised(
            names, said, f"prices of one asset by {shown(names[close])}, or of several with {foreign} among them?"
        )
    return _wide(table, day, others, said), "unknown"


def _numeric(values: pl.Series) -> bool:
    """Whether a column named like a ticker holds numbers: then it is one."""
    return values.dtype.is_numeric() or (values.dtype == pl.String and values.cast(pl.Float64, strict=False).null_count() == 0)


def _long(table: Table, told: Sequence[int], assets: pl.Series, close: int, volume: int | None, said: Account) -> Stack:
    """told: positions that were spoken of already."""
    currency = position_named(table.names, CURRENCY)
    used = {*told, close, *[i for i in (volume, currency) if i is not None], position_named(table.names, ASSET)}
    repeated = [n for n in dict.fromkeys(table.names[i] for i in used if i is not None) if table.names.count(n) > 1]
    for name in repeated:
        said.wrong(f"two columns are called {shown(name)}", "keep one column of each name")
    left = [shown(name) for i, name in enumerate(table.names) if i not in used]
    if left:
        said.note(f"column{'s' if len(left) > 1 else ''} {in_words(left)} {'were' if len(left) > 1 else 'was'} not read")
    names = assets.cast(pl.String).str.strip_chars()
    names = names.set((names == "").fill_null(False), None)

    def column(position: int | None) -> pl.Series | None:
        return None if position is None else table.columns[position]

    raw = position_named(table.names, RAW) if plain_name(table.names[close]) in ADJUSTED else None
    return Stack(
        names, np.arange(table.height), table.columns[close], column(volume), True, raw=column(raw), currencies=column(currency)
    )


def _wide(table: Table, day: int, others: Sequence[int], said: Account) -> Stack:
    if not others:
        raise unrecognised(table.names, said, "a date column and nothing else")
    assets = [(table.names[i].strip(), i) for i in others]
    _require_once(assets, said)
    foreign = [
        name
        for name, i in assets
        if not (table.columns[i].dtype.is_numeric() or table.columns[i].dtype in (pl.String, pl.Null))
    ]
    if foreign:
        raise unrecognised(table.names, said, f"columns that hold no prices: {', '.join(foreign)}")
    return _of_columns(table, assets)


def _of_columns(table: Table, assets: Sequence[tuple[str, int]]) -> Stack:
    columns = [table.columns[i] for _, i in assets]
    kinds = {values.dtype for values in columns} - {pl.Null}
    common = pl.Float64 if all(kind.is_numeric() for kind in kinds) else pl.String
    values = pl.concat([values.cast(common).alias("") for values in columns])
    names = pl.Series([name for name, _ in assets], dtype=pl.String)
    repeated = names.gather(np.repeat(np.arange(len(assets)), table.height))
    return Stack(repeated, np.tile(np.arange(table.height), len(assets)), values)


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
    for name, base in numbered(list(places)).items():
        said.wrong(
            f"{name} stands beside {base}: a second column of {base}, as libraries number them, or an asset of its own?",
            f"keep one column of {base}, or rename {name} after the asset that it is",
        )


def _levelled(table: Table, day: int, gone: frozenset[int], said: Account) -> tuple[Stack, str]:
    """Two rows of names: one of them fields (Close, Volume), the other tickers."""
    above, below = table.levels[-1], table.names
    others = [i for i in range(len(below)) if i != day and i not in gone]
    fields, tickers = (above, below) if all(plain_name(above[i]) in QUOTES for i in others) else (below, above)
    if not others or not all(plain_name(fields[i]) in QUOTES for i in others):
        raise unrecognised(
            below, said, f"two rows of names, and neither is of fields such as Close and Volume; above: {in_words(above)}"
        )
    kinds = {plain_name(fields[i]) for i in others}
    chosen = next((name for name in CLOSE if name in kinds), None)
    if chosen is None:
        raise unrecognised(fields, said, f"no price among the fields {in_words(sorted(kinds))}")
    closes = [(tickers[i], i) for i in others if plain_name(fields[i]) == chosen]
    _require_once(closes, said)
    left = sorted({shown(fields[i]) for i in others if plain_name(fields[i]) not in (chosen, *VOLUME)})
    said.note(f"prices are those under {shown(fields[closes[0][1]])}" + (f"; {in_words(left)} not read" if left else ""))
    stack = _of_columns(table, closes)
    volumes = {tickers[i]: i for i in others if plain_name(fields[i]) in VOLUME}
    if volumes and all(name in volumes for name, _ in closes):
        by_asset = _of_columns(table, [(name, volumes[name]) for name, _ in closes])
        stack = replace(stack, volumes=by_asset.values)
    raw = {tickers[i]: i for i in others if plain_name(fields[i]) in RAW}
    if chosen in ADJUSTED and all(name in raw for name, _ in closes):
        stack = replace(stack, raw=_of_columns(table, [(name, raw[name]) for name, _ in closes]).values)
    return stack, "adjusted" if chosen in ADJUSTED else "unknown"


def unrecognised(columns: Sequence[str], said: Account, what: str) -> DataError:
    found = ", ".join(repr(column) for column in columns[:20]) + (" …" if len(columns) > 20 else "")
    return DataError(
        f"{'; '.join([f'{said.where}: {what}', *said.problems])}; columns found: {found}",
        field="prices",
        measured={"columns": list(columns)},
        fixes=[NAMES, *said.fixes],
    )
