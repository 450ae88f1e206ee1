"""The models compared with a database as the migrations left it."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import BLANK_SCHEMA, Connection, MetaData

from portopt.adapters.store import (  # noqa: F401 - their tables are what `metadata` holds
    choice_tables,
    columns,
    desk_tables,
    models,
    partitions,
    service_tables,
    session_tables,
    timescale,
    watch_tables,
    wave_tables,
)
from portopt.adapters.store.engine import Database

ROWS = timescale.ROWS.removeprefix("query.")
TABLES = columns.metadata.sorted_tables
SCHEMAS = (columns.COMMAND, columns.QUERY, service_tables.ledger.schema)


def differences(database: Database) -> list[object]:
    """What Alembic would still change; nothing where the two agree."""
    options: dict[str, object] = {"include_name": _ours, "compare_type": True}
    if database.dialect == "postgresql":
        options |= {"include_schemas": True, "version_table_schema": columns.COMMAND}
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, _as_it_stands(connection)))


def _as_it_stands(connection: Connection) -> MetaData:
    """The models as the database has them: on SQLite without schemas; the hypertable by its own name, behind a view."""
    found = MetaData()
    on_postgres = connection.dialect.name == "postgresql"
    behind = on_postgres and timescale.is_behind_a_view(connection)
    for table in TABLES:
        name = ROWS if behind and table.name == partitions.PARENT else None
        if on_postgres:
            table.to_metadata(found, name=name)
        else:
            table.to_metadata(found, schema=None, referred_schema_fn=lambda *_: BLANK_SCHEMA)
    return found


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    """Our schemas, and in them everything but the partitions, which are data."""
    if kind == "schema":
        return name in (*SCHEMAS, None)  # None: an SQLite file
    return kind != "table" or name == ROWS or not str(name).startswith(f"{partitions.PARENT}_")
