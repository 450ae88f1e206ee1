"""A new SQLite file, made at once as the migrations would leave it: run one by one they took the first start half a second."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

STATEMENTS = Path(__file__).parent / "migrations" / "sqlite.sql"  # by tests/new_store_file.py


def is_empty(connection: Connection) -> bool:
    """Whether it is an SQLite file in which nobody made anything yet."""
    if connection.dialect.name != "sqlite":
        return False
    return not connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()


def fill(connection: Connection) -> None:
    for statement in STATEMENTS.read_text(encoding="utf-8").strip().split("\n\n"):
        connection.exec_driver_sql(statement)
