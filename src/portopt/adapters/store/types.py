"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

# Written and read back letter by letter: the digest of a document must survive the store, and JSONB rewrites
# numbers (1e+16 comes back as an integer, -0.0 without its sign) and the order of keys.
ExactJson = JSON(none_as_null=True)


class Jsonb(TypeDecorator[Any]):
    """The documents' JSONB columns: searchable on PostgreSQL, text on SQLite, which does not load PostgreSQL's dialect."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name != "postgresql":
            return dialect.type_descriptor(JSON(none_as_null=True))
        from sqlalchemy.dialects.postgresql import JSONB

        return dialect.type_descriptor(JSONB(none_as_null=True))


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
