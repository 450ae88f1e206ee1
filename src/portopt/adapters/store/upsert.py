"""INSERT that meets an existing key: the two dialects spell it alike, SQLAlchemy keeps them in different modules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table


def _insert(connection: Connection, table: Table) -> Any:
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    return insert(table)


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert unless a row with one of its unique keys is there; True when it was inserted.

    The key decides, not a read before: of several processes exactly one hears True.
    """
    key = next(iter(table.primary_key))
    statement = _insert(connection, table).values(**row).on_conflict_do_nothing().returning(key)
    return connection.execute(statement).first() is not None


def insert_or_update(connection: Connection, table: Table, row: Mapping[str, Any], keys: Sequence[str]) -> None:
    """Insert, or bring the row with these keys up to date."""
    changed = {name: value for name, value in row.items() if name not in keys}
    statement = _insert(connection, table).values(**row).on_conflict_do_update(index_elements=list(keys), set_=changed)
    connection.execute(statement)
