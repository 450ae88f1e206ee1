"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import JSON, DateTime, Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from portopt.domain.canonical import plain
from portopt.domain.folding import FAST, folded, unfolded

LEGIBLE = 50_000  # characters of JSON that are written as they are; a book of thousands of assets is some millions
FOLDED = "json, deflated, in base64"


class Written(str):
    """JSON that is written already."""


def written(value: Any) -> Written:
    """What several rows hold is written once."""
    return Written(to_json(value))


def to_json(value: Any) -> str:
    """Insertion order is kept (a report is printed in it); not-a-number is null, as everywhere."""
    if isinstance(value, Written):
        return value
    try:
        # Measured, the request of 500 assets: 0.07 ms instead of 0.77.
        return orjson.dumps(value, default=plain, option=AS_PLAIN).decode()
    except TypeError:  # a name that is no text, a number of more than 64 bits, half a character
        return _written(plain(value))


AS_PLAIN = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=plain).encode


class ExactJson(TypeDecorator[Any]):
    """Written and read back letter by letter: the digest of a document must survive the store, and JSONB rewrites numbers
    (1e+16 comes back as an integer, -0.0 without its sign) and the order of keys.

    What is long is folded on the way in and opened on the way out; rows written before are read as they are.
    """

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return _short(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return _whole(value)


class Jsonb(TypeDecorator[Any]):
    """The documents' JSONB columns: searchable on PostgreSQL, which compresses by itself; text on SQLite, long ones folded."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return value if dialect.name == "postgresql" else _short(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return _whole(value)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name != "postgresql":
            return dialect.type_descriptor(JSON(none_as_null=True))
        from sqlalchemy.dialects.postgresql import JSONB

        return dialect.type_descriptor(JSONB(none_as_null=True))


def _short(value: Any) -> Any:
    """As it goes into a column that may hold long things: written out here, and not once more by the driver."""
    if value is None:
        return None
    text = to_json(value)
    return Written(text) if len(text) <= LEGIBLE else {FOLDED: folded(text, FAST)}


def read_exact(letters: str) -> Any:
    """What a column of ExactJson holds, from the letters that stand in it. Raises ValueError for what is none."""
    return _whole(json.loads(letters))


def _whole(value: Any) -> Any:
    is_folded = isinstance(value, dict) and value.keys() == {FOLDED}
    return json.loads(unfolded(value[FOLDED])) if is_folded else value


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware on both sides, UTC in between. SQLite forgets time zones, PostgreSQL answers in the session's.

    Raises ValueError for a naive datetime: which instant it means cannot be known.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone; instants are UTC and aware")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
