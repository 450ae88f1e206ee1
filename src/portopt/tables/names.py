"""The names that columns bear, and what they are taken for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

ASSET = ("asset_id", "asset", "symbol", "ticker", "instrument", "security_id")
DATE = ("date", "timestamp", "datetime", "day", "trade_date")
CLOSE = ("adj_close", "adjusted_close", "close_adjusted", "adjclose", "close", "close_price", "close/last", "px_last", "price")
VOLUME = ("volume", "shares_traded", "px_volume")
ADJUSTED, RAW = CLOSE[:4], CLOSE[4:]
CURRENCY = ("currency", "ccy", "trading_currency", "price_currency", "quote_currency")
# What stands beside a close in files of one asset, and is no asset of its own.
QUOTES = (
    *CLOSE,
    *VOLUME,
    "open",
    "high",
    "low",
    "dividends",
    "stock_splits",
    "capital_gains",
    "adj_open",
    "adj_high",
    "adj_low",
)
NUMBERED = re.compile(r"^(.+?)(?:\.[0-9]{1,2}|_duplicated_[0-9]{1,2})$")
INDEX = ("", "index", "unnamed:_0", "level_0", "__index_level_0__")


def numbered(names: Sequence[str]) -> dict[str, str]:
    """Names that are another's with a number, as libraries call a second column of one name: {AAA.1: AAA}."""
    there = set(names)
    found = {name: match[1] for name in names if (match := NUMBERED.match(name))}
    return {name: base for name, base in found.items() if base in there}


def repeated(names: Sequence[str]) -> list[str]:
    """Those that stand there more than once, sorted."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


def plain_name(column: str) -> str:
    """'Adj Close', 'adj-close' and ' ADJ_CLOSE' are one name."""
    return column.strip().strip("*").strip().lower().replace(" ", "_").replace("-", "_")


def column_named(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """The first of `names` that a column bears, as the column spells it."""
    by_name = {plain_name(column): column for column in reversed(columns)}
    return next((by_name[name] for name in names if name in by_name), None)


def position_named(columns: Sequence[str], names: Sequence[str]) -> int | None:
    """Where the first of `names` that a column bears stands; None where none does."""
    found = column_named(columns, names)
    return None if found is None else list(columns).index(found)


def adjustment_of(columns: Sequence[str]) -> str:
    """ "adjusted" where a column says so, otherwise "unknown": prices do not tell."""
    return "adjusted" if column_named(columns, ADJUSTED) else "unknown"
