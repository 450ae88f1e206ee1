"""INSERT that meets an existing key: the two dialects spell it alike, SQLAlchemy keeps them in different modules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table


def insert_of(dialect: str, table: Table) -> Any:
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    return insert(table)


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert unless a row with one of its unique keys is there; True when it was inserted.

    The key decides, not a read before: of several processes exactly one hears True.
    """
    return connection.execute(_new(table, connection.dialect.name), row).first() is not None


@cache
def _new(table: Table, dialect: str) -> Any:
    """Made once: to make a statement with its values in it takes longer than to carry it out."""
    return insert_of(dialect, table).on_conflict_do_nothing().returning(next(iter(table.primary_key)))


def insert_or_update(connection: Connection, table: Table, row: Mapping[str, Any], keys: Sequence[str]) -> None:
    """Insert, or bring the row with these keys up to date."""
    changed = {name: value for name, value in row.items() if name not in keys}
    statement = (
        insert_of(connection.dialect.name, table).values(**row).on_conflict_do_update(index_elements=list(keys), set_=changed)
    )
    connection.execute(statement)


def insert_or_update_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> None:
    """The same for many rows, which have the same columns."""
    if not rows:
        return
    statement = insert_of(connection.dialect.name, table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=changed), list(rows))
