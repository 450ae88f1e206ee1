"""Foreign price tables to the long form of the port: names recognised, text parsed, nothing guessed.

Long tables have one row a price; wide ones a date column and one column an asset; a table without an asset column that
has a date and a price is one asset's, named by its file.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from portopt.domain.errors import DataError

ASSET = ("asset_id", "asset", "symbol", "ticker", "instrument", "security_id")
DATE = ("date", "timestamp", "datetime", "day", "trade_date")
CLOSE = ("adj_close", "adjusted_close", "close_adjusted", "close", "close_price", "price")
VOLUME = ("volume", "shares_traded")
ADJUSTED = CLOSE[:3]
NO_PRICE = ("", "NA", "N/A", "n/a", "null", "NULL", "None", "-")
FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y")  # 03/04/2020 is two dates: month or day first


def plain_name(column: str) -> str:
    """'Adj Close', 'adj-close' and ' ADJ_CLOSE' are one name."""
    return column.strip().lower().replace(" ", "_").replace("-", "_")


def column_named(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """The first of `names` that a column bears, as the column spells it."""
    by_name = {plain_name(column): column for column in reversed(columns)}
    return next((by_name[name] for name in names if name in by_name), None)


def adjustment_of(columns: Sequence[str]) -> str:
    """ "adjusted" where a column says so, otherwise "unknown": prices do not tell."""
    return "adjusted" if column_named(columns, ADJUSTED) else "unknown"


def to_long(table: pl.DataFrame, where: str, single_asset: str | None = None) -> pl.DataFrame:
    """asset_id (str), date (date), close (f64) and volume (f64, where there is one); rows without a price left out.

    Args:
        table: long, wide, or one asset's, as read; text is parsed here.
        where: the file, address or query, for messages. single_asset: the name of a table that names no asset.
    Raises:
        DataError: columns that cannot be recognised (all that were found are named), or text that is no date or price.
    """
    columns = table.columns
    asset, day = column_named(columns, ASSET), column_named(columns, DATE)
    close, volume = column_named(columns, CLOSE), column_named(columns, VOLUME)
    if day is None and close is None and columns and (plain_name(columns[0]) in ("", "index", "unnamed:_0")):
        day = columns[0]  # a data frame's unnamed index
    if day is None:
        raise _unrecognised(columns, where, f"no date column (one of {', '.join(DATE)})")
    if close is not None and (asset is not None or single_asset is not None):
        name = pl.col(asset).cast(pl.String).str.strip_chars() if asset is not None else pl.lit(single_asset)
        chosen = table.select(
            name.alias("asset_id"), pl.col(day).alias("date"), pl.col(close).alias("close"),
            *([pl.col(volume).alias("volume")] if volume is not None else []),
        )  # fmt: skip
    elif asset is not None:
        raise _unrecognised(columns, where, f"no price column (one of {', '.join(CLOSE)})")
    else:
        chosen = _unpivoted(table, day, where)
    chosen = chosen.with_columns(_dates(chosen["date"], where))
    chosen = chosen.with_columns(_numbers(chosen, name, where) for name in ("close", "volume") if name in chosen.columns)
    return chosen.filter(pl.col("close").is_not_null())


def _unpivoted(table: pl.DataFrame, day: str, where: str) -> pl.DataFrame:
    assets = [column for column in table.columns if column != day]
    if not assets:
        raise _unrecognised(table.columns, where, "a date column and nothing else")
    foreign = [c for c in assets if not (table[c].dtype.is_numeric() or table[c].dtype in (pl.String, pl.Null))]
    if foreign:
        raise _unrecognised(table.columns, where, f"columns that hold no prices: {', '.join(foreign)}")
    # Parsed before the columns are stacked, so that a word in one of them is reported under its asset.
    text = [c for c in assets if not table[c].dtype.is_numeric()]
    parsed = table.with_columns(
        _numbers(table.select(pl.lit(c).alias("asset_id"), pl.col(day).alias("date"), pl.col(c)), c, where) for c in text
    )
    long = parsed.unpivot(assets, index=day, variable_name="asset_id", value_name="close")
    return long.select(pl.col("asset_id").str.strip_chars(), pl.col(day).alias("date"), pl.col("close").cast(pl.Float64))


def _unrecognised(columns: Sequence[str], where: str, what: str) -> DataError:
    found = ", ".join(repr(column) for column in columns[:20]) + (" …" if len(columns) > 20 else "")
    return DataError(
        f"{where}: {what}; columns found: {found}",
        field="prices",
        measured={"columns": list(columns)},
        fixes=["name the columns asset_id, date, close (one row a price), or date and one column an asset"],
    )


def _dates(values: pl.Series, where: str) -> pl.Series:
    values = values.alias("date")
    if values.dtype == pl.Date:
        return values
    if isinstance(values.dtype, pl.Datetime):
        return values.dt.date()
    text = values.cast(pl.String).str.strip_chars().str.head(10)
    if text.null_count() == 0 or values.null_count() == text.null_count():
        for style in FORMATS:
            parsed = text.str.to_date(style, strict=False)
            if parsed.null_count() == text.null_count():
                return parsed.alias("date")
    closest = min((text.str.to_date(style, strict=False) for style in FORMATS), key=lambda parsed: parsed.null_count())
    bad = values.filter(closest.is_null() & values.is_not_null()).cast(pl.String).unique(maintain_order=True).head(3)
    raise DataError(
        f"{where}: not dates: {', '.join(repr(value) for value in bad)}",
        field="prices.date",
        value=bad.to_list(),
        fixes=["write dates as YYYY-MM-DD"],
    )


def _numbers(table: pl.DataFrame, name: str, where: str) -> pl.Series:
    values = table[name]
    if values.dtype.is_numeric():
        return values.cast(pl.Float64)
    text = values.cast(pl.String).str.strip_chars()
    text = text.set(text.is_in(list(NO_PRICE)), None)
    parsed = text.cast(pl.Float64, strict=False)
    wrong = parsed.is_null() & text.is_not_null()
    if wrong.any():
        bad = table.filter(wrong).head(3).rows(named=True)
        said = "; ".join(f"{row['asset_id']} on {row['date']}: {row[name]!r}" for row in bad)
        raise DataError(
            f"{where}: {wrong.sum()} value{'s are not numbers' if wrong.sum() > 1 else ' is not a number'}: {said}",
            field="prices.close" if name != "volume" else "prices.volume",
            value=[row[name] for row in bad],
            measured={"count": int(wrong.sum())},
            fixes=["write numbers with a decimal point and no thousands separator; leave missing prices empty"],
        )
    return parsed
