"""Bringing a database to this version's schema: safe to call from every process at every start."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy import column as sql_column
from sqlalchemy import table as sql_table

from portopt.adapters.store import figure_chunks, new_file, partitions, timescale
from portopt.adapters.store.columns import COMMAND
from portopt.domain.errors import DataError, OutsideError

if TYPE_CHECKING:
    from alembic.config import Config

    from portopt.adapters.store.engine import Database

HEAD = "r0014"  # the newest revision in migrations/versions; a test holds the two together
MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 7_081_220_001  # advisory lock: one migration at a time per database
VERSION_TABLE = "alembic_version"


def alembic_config(connection: Connection, **attributes: object) -> Config:
    """Alembic's configuration, without a file: scripts from this package, the connection that is open already."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes.update(connection=connection, **attributes)
    return config


def migrate(database: Database, *, chunk_days: int = 1) -> str:
    """Run what is missing, in one transaction; returns the revision. A second process waits and finds it done.

    Raises DataError when the schema is newer than this version.
    """
    database.make_folder()
    with database.reading() as connection:  # the usual case waits for no writer
        if check_known(connection, database.shown) == HEAD:
            return HEAD
    if database.dialect == "sqlite":
        _write_ahead(database)
    with database.writing() as connection:
        lock(connection)
        if new_file.is_empty(connection):
            new_file.fill(connection)
        if check_known(connection, database.shown) != HEAD:
            upgrade(database, connection, chunk_days)
    return HEAD


def upgrade(database: Database, connection: Connection, chunk_days: int = 1) -> None:
    """Run every migration that is missing."""
    from alembic import command

    offered = _offered(database)
    behind = figure_chunks.take_back(connection)
    command.upgrade(alembic_config(connection, **offered, chunk_days=chunk_days), "head")
    if behind:
        figure_chunks.convert(connection, offered["timescaledb"], chunk_days)


def _offered(database: Database) -> dict[str, str]:
    """What the migrations build on: `level` of partitions.py, `timescaledb` of timescale.py."""
    found = timescale.level(database)
    return {"level": partitions.detect_level(database), "timescaledb": found}


def lock(connection: Connection) -> None:
    """Until this transaction ends nobody else changes the schema."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})


def _write_ahead(database: Database) -> None:
    """WAL is a property of the file. Two processes that set it at once do not wait for each other, so we do."""
    deadline = time.monotonic() + 10.0
    while True:
        try:
            with database.translated(), database.engine.connect() as connection:
                raw = connection.connection.driver_connection
                if raw is not None and raw.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal":
                    return
        except OutsideError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.02)


def current_revision(connection: Connection) -> str | None:
    """What the database says it is; None before the first migration."""
    schema = COMMAND if connection.dialect.name == "postgresql" else None
    if not inspect(connection).has_table(VERSION_TABLE, schema=schema):
        return None
    version = sql_table(VERSION_TABLE, sql_column("version_num"), schema=schema)
    found: str | None = connection.execute(select(version.c.version_num)).scalar()
    return found


def check_known(connection: Connection, shown: str) -> str | None:
    """The revision, when it is one of ours. Raises DataError for one this version has never heard of."""
    found = current_revision(connection)
    known = {path.stem.partition("_")[0] for path in (MIGRATIONS / "versions").glob("r*.py")}
    if found is not None and found not in known:
        raise DataError(
            f"the store at {shown} has schema {found}, newer than this version of portopt knows (its newest: {HEAD})",
            field="database_url",
            value=shown,
            measured={"revision": found, "newest_known": HEAD},
            fixes=["install the portopt version that migrated it, or a later one"],
        )
    return found


def require_current(connection: Connection, shown: str) -> None:
    """Raises DataError when the schema is not exactly this version's."""
    found = check_known(connection, shown)
    if found != HEAD:
        raise DataError(
            f"the store at {shown} has {'no tables yet' if found is None else f'schema {found}'}; this version needs {HEAD}",
            field="database_url",
            value=shown,
            measured={"revision": found, "needed": HEAD},
            fixes=["portopt db upgrade brings it to this version"],
        )
