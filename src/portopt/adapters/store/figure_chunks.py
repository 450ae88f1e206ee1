"""TimescaleDB under the figures: a hypertable, and with the licence for it compressed.

As with `portfolio_optimization_ts` (timescale.py) row-level security and compression exclude each other: where there is
compression the hypertable stands behind a view of the name that it had, which shows and takes the rows that the policy would.
A migration alters a table and not a view: the table has its name back for as long as migrations run.
"""

# ruff: noqa: S608 - DDL takes no bound parameters; the names in it are this module's own
from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

from portopt.adapters.store import row_security, timescale
from portopt.adapters.store.columns import QUERY
from portopt.adapters.store.watch_tables import figures

NAME = f"{QUERY}.{figures.name}"
ROWS = f"{NAME}_rows"  # the hypertable, where NAME is a view
OPEN_WALL = (
    f"DROP POLICY IF EXISTS {row_security.POLICY} ON {NAME}",
    f"ALTER TABLE {NAME} NO FORCE ROW LEVEL SECURITY",
    f"ALTER TABLE {NAME} DISABLE ROW LEVEL SECURITY",
)
BEHIND_A_VIEW = (
    f"ALTER TABLE {NAME} RENAME TO {ROWS.removeprefix(f'{QUERY}.')}",
    f"""CREATE VIEW {NAME} WITH (security_barrier) AS SELECT * FROM {ROWS} WHERE command.sees(portfolio_id)
    WITH LOCAL CHECK OPTION""",
)
COMPRESSED = (
    f"""ALTER TABLE {ROWS} SET (timescaledb.compress, timescaledb.compress_segmentby = 'name, subject',
    timescaledb.compress_orderby = 'timestamp DESC')""",
)
OPENED = (
    f"SELECT decompress_chunk(chunk, if_compressed => true) FROM show_chunks('{ROWS}') AS chunk",
    f"ALTER TABLE {ROWS} SET (timescaledb.compress = false)",
)
IN_FRONT = (f"DROP VIEW {NAME}", f"ALTER TABLE {ROWS} RENAME TO {NAME.removeprefix(f'{QUERY}.')}")
MADE = (
    "SELECT create_hypertable(CAST(:name AS regclass), 'timestamp', chunk_time_interval => make_interval(days => :days), "
    "create_default_indexes => false, migrate_data => true)"
)


def convert(connection: Connection, found: str, chunk_days: int) -> int | None:
    """What the level allows; returns how many rows were moved into a hypertable, None where it was one. Safe to repeat."""
    if is_behind_a_view(connection):
        if found == timescale.COMMUNITY:
            return None
        take_back(connection)
    moved = None
    if not _is_hypertable(connection):
        carry_out(connection, (f"LOCK TABLE {NAME} IN ACCESS EXCLUSIVE MODE", *OPEN_WALL))
        moved = int(connection.execute(text(f"SELECT count(*) FROM {NAME}")).scalar_one())
        connection.execute(text(MADE), {"name": NAME, "days": chunk_days})
    carry_out(connection, OPEN_WALL)
    if found == timescale.COMMUNITY:
        carry_out(connection, (*BEHIND_A_VIEW, *COMPRESSED))
    else:
        row_security.protect(connection, NAME, "portfolio_id")
    return moved


def take_back(connection: Connection) -> bool:
    """The table has its name again, without a wall; where there is no view, nothing. Whether there was one."""
    if not is_behind_a_view(connection):
        return False
    carry_out(connection, (*OPENED, *IN_FRONT))
    return True


def is_behind_a_view(connection: Connection) -> bool:
    if connection.dialect.name != "postgresql":
        return False
    return connection.execute(text("SELECT to_regclass(:name)"), {"name": ROWS}).scalar() is not None


def carry_out(connection: Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        connection.execute(text(statement))


def _is_hypertable(connection: Connection) -> bool:
    asked = text(
        "SELECT count(*) FROM timescaledb_information.hypertables "
        "WHERE format('%I.%I', hypertable_schema, hypertable_name) = :name"
    )
    return bool(connection.execute(asked, {"name": NAME}).scalar_one())
