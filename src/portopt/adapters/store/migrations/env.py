"""How Alembic runs here: always on a connection that is open and inside a transaction, never from a command line."""

from __future__ import annotations

from alembic import context
from sqlalchemy import inspect
from sqlalchemy.schema import CreateSchema

from portopt.adapters.store import (  # noqa: F401 - their tables are what `metadata` holds
    choice_tables,
    desk_tables,
    models,
    service_tables,
    session_tables,
    watch_tables,
    wave_tables,
)
from portopt.adapters.store.columns import COMMAND, QUERY, metadata

connection = context.config.attributes["connection"]
on_postgres = connection.dialect.name == "postgresql"
if on_postgres:
    # The version table lives in one of these, so they come before the first migration does.
    # Looked for first: on a database that only lets us use them, even IF NOT EXISTS is refused.
    for schema in {COMMAND, QUERY} - set(inspect(connection).get_schema_names()):
        connection.execute(CreateSchema(schema))
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table_schema=COMMAND if on_postgres else None,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
