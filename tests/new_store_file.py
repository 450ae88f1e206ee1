"""Writes what a new SQLite file is made of, from the migrations: `python tests/new_store_file.py`, after each new one."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path

from portopt.adapters.store import migrate, new_file
from portopt.adapters.store.engine import Database

OWN = {"installation": "lower(hex(randomblob(6)))"}  # facts that differ from store to store


def by_the_migrations(path: Path) -> None:
    """A file that every migration was run on."""
    database = Database(f"sqlite:///{path}")
    with database.writing() as connection:
        migrate.upgrade(database, connection)
    database.engine.dispose()


def statements(path: Path) -> list[str]:
    """What makes a file like this one, in an order that does not depend on how it came to be."""
    connection = sqlite3.connect(path)
    try:
        asked = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY name"
        made = [(kind, name, sql.replace(", \n", ",\n")) for kind, name, sql in connection.execute(asked)]
        rows = [row for kind, name, _ in made if kind == "table" for row in _rows(connection, name)]
        first = [sql for kind, _, sql in made if kind == "table"]
        return first + rows + [sql for kind, _, sql in made if kind != "table"]
    finally:
        connection.close()


def _rows(connection: sqlite3.Connection, table: str) -> list[str]:
    if table == "store_facts":
        facts = connection.execute("SELECT name, value FROM store_facts ORDER BY name")
        shown = [(name, OWN.get(name, f"'{value}'")) for name, value in facts]
        return [f"INSERT INTO store_facts (name, value) VALUES ('{name}', {value})" for name, value in shown]
    columns = [column[1] for column in connection.execute(f"PRAGMA table_info({table})")]
    quoted = " || ', ' || ".join(f'quote("{name}")' for name in columns)
    found = connection.execute(f"SELECT {quoted} FROM {table} ORDER BY 1")
    return [f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})" for (values,) in found]


def of_the_migrations() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "portopt.db"
        by_the_migrations(path)
        return statements(path)


if __name__ == "__main__":
    new_file.STATEMENTS.write_text("\n\n".join(of_the_migrations()) + "\n", encoding="utf-8")
