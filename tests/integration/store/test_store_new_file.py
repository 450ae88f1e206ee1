"""A new SQLite file is made at once; it is what the migrations make."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import new_store_file
import prefect.server.utilities.database  # noqa: F401 - words of its own for SQLite, in the whole process: it changes nothing here
import pytest

from portopt.adapters.store import migrate, new_file
from portopt.adapters.store.sql import SqlStore
from portopt.domain.errors import PortoptError


def test_it_is_what_the_migrations_make(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path}/portopt.db")
    assert store.migrate() == migrate.HEAD
    store.close()
    expected = new_store_file.of_the_migrations()
    assert new_file.STATEMENTS.read_text() == "\n\n".join(expected) + "\n", "run `python tests/new_store_file.py`"
    assert new_store_file.statements(tmp_path / "portopt.db") == expected


def test_each_has_a_name_of_its_own_and_the_hour_it_was_made(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        store = SqlStore(f"sqlite:///{tmp_path}/{name}.db")
        store.migrate()
        store.close()
        with sqlite3.connect(tmp_path / f"{name}.db") as connection:
            made += connection.execute("SELECT value, recorded_at FROM store_facts WHERE name = 'installation'").fetchall()
    assert len({value for value, _ in made}) == 2
    assert all(len(value) == 12 and recorded for value, recorded in made)


def test_a_file_that_holds_something_else_is_left_to_the_migrations(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "portopt.db") as connection:
        connection.execute("CREATE TABLE runs (theirs)")
    with pytest.raises(PortoptError, match="runs already exists"):
        SqlStore(f"sqlite:///{tmp_path}/portopt.db").migrate()
