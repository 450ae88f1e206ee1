"""TimescaleDB under `portfolio_optimization_ts`: what a server offers of it, and what is made of that.

level           what it is                                        what is made
absent          no such extension                                 partitions (see partitions.py)
not preloaded   the extension is there, the server lacks it in    partitions
                shared_preload_libraries, or will not load it
apache          the free part                                     a hypertable; drop_chunks
community       with the licence `timescale`                      that, compressed, and a continuous aggregate a day

Row-level security and compression exclude each other on one table. Where there is compression the hypertable therefore
stands behind a view of the old name, which shows and takes the rows that the policies of the other tables would.
"""

# ruff: noqa: S608 - DDL takes no bound parameters; the names in it are this module's own
from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, exc, text

from portopt.adapters.store import row_security
from portopt.adapters.store.columns import QUERY
from portopt.adapters.store.models import portfolio_optimization_ts

if TYPE_CHECKING:
    from portopt.adapters.store.engine import Database

ABSENT, NOT_PRELOADED, APACHE, COMMUNITY = "absent", "not preloaded", "apache", "community"
WORKS = (APACHE, COMMUNITY)
LICENCES = {"timescale": COMMUNITY, "apache": APACHE}
PARENT = f"{QUERY}.{portfolio_optimization_ts.name}"
ROWS = f"{PARENT}_rows"  # the hypertable, where PARENT is a view
DAYS = f"{PARENT}_days"  # the continuous aggregate
DAILY = f"{QUERY}.portfolio_optimizations_daily"  # what is read of it


def level(database: Database) -> str:
    """What this server offers. It is tried out, for nothing else tells whether the extension loads.

    The attempt has a connection of its own: on a server that did not preload it, creating it ends the session.
    """
    if database.dialect != "postgresql":
        return ABSENT
    with database.reading() as connection:
        offered = text("SELECT count(*) FROM pg_available_extensions WHERE name = 'timescaledb'")
        if not connection.execute(offered).scalar_one():
            return ABSENT
    try:
        with database.engine.connect() as connection, connection.begin():
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS timescaledb"))
            connection.execute(text("SELECT count(*) FROM timescaledb_information.hypertables"))
            licence = connection.execute(text("SELECT current_setting('timescaledb.license', true)")).scalar()
    except exc.DBAPIError:  # not allowed, or not preloaded: either way this database has no working one, which is an answer
        return NOT_PRELOADED
    return LICENCES.get(str(licence), APACHE)


def make_hypertable(connection: Connection, chunk_days: int, table: str = PARENT) -> None:
    """Chunks of so many days; without the index that it would add by itself, and that no model knows."""
    made = text(
        "SELECT create_hypertable(CAST(:name AS regclass), 'timestamp', "
        "chunk_time_interval => make_interval(days => :days), create_default_indexes => false)"
    )
    connection.execute(made, {"name": table, "days": chunk_days})


def finish(connection: Connection, found: str) -> None:
    """What the licence allows of a hypertable that is there: the second wall, and where it can be had compression."""
    connection.execute(text(f"DROP INDEX IF EXISTS {PARENT}_timestamp_idx"))  # as versions before this one left it
    if found == COMMUNITY:
        _put_behind_a_view(connection)
    else:
        row_security.protect(connection, PARENT, "portfolio_id")


def _put_behind_a_view(connection: Connection) -> None:
    for statement in (
        f"DROP POLICY IF EXISTS {row_security.POLICY} ON {PARENT}",
        f"ALTER TABLE {PARENT} NO FORCE ROW LEVEL SECURITY",
        f"ALTER TABLE {PARENT} DISABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {PARENT} RENAME TO {ROWS.removeprefix(f'{QUERY}.')}",
        f"""CREATE VIEW {PARENT} WITH (security_barrier) AS SELECT * FROM {ROWS} WHERE command.sees(portfolio_id)
        WITH LOCAL CHECK OPTION""",
        f"""ALTER TABLE {ROWS} SET (timescaledb.compress, timescaledb.compress_segmentby = 'portfolio_id',
        timescaledb.compress_orderby = 'timestamp DESC, optimization_id')""",
        f"""CREATE MATERIALIZED VIEW {DAYS} WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
        SELECT portfolio_id, time_bucket(INTERVAL '1 day', timestamp) AS day, count(*) AS optimizations,
            last(expected_return, timestamp) AS expected_return,
            last(expected_volatility, timestamp) AS expected_volatility, last(sharpe_ratio, timestamp) AS sharpe_ratio
        FROM {ROWS} GROUP BY 1, 2 WITH NO DATA""",
        f"""CREATE VIEW {DAILY} WITH (security_barrier) AS SELECT * FROM {DAYS} WHERE command.sees(portfolio_id)""",
    ):
        connection.execute(text(statement))


def take_back(connection: Connection) -> None:
    """The hypertable under its own name again, without what stands on it; where there is no view, nothing."""
    if not is_behind_a_view(connection):
        return
    for statement in (
        f"DROP VIEW {DAILY}",
        f"DROP MATERIALIZED VIEW {DAYS}",
        f"DROP VIEW {PARENT}",
        f"SELECT decompress_chunk(chunk, if_compressed => true) FROM show_chunks('{ROWS}') AS chunk",
        f"ALTER TABLE {ROWS} SET (timescaledb.compress = false)",
        f"ALTER TABLE {ROWS} RENAME TO {PARENT.removeprefix(f'{QUERY}.')}",
    ):
        connection.execute(text(statement))


def is_behind_a_view(connection: Connection) -> bool:
    return connection.execute(text("SELECT to_regclass(:name)"), {"name": ROWS}).scalar() is not None


def hypertable(connection: Connection) -> str:
    """Where its rows are."""
    return ROWS if is_behind_a_view(connection) else PARENT


def drop_before(connection: Connection, instant: datetime) -> list[str]:
    """Chunks that end before it go, whole; returns their names."""
    dropped = text("SELECT drop_chunks(CAST(:name AS regclass), older_than => CAST(:instant AS timestamptz))")
    return list(connection.execute(dropped, {"name": hypertable(connection), "instant": instant}).scalars())


def compress_before(connection: Connection, instant: datetime) -> int:
    """Chunks that end before it are compressed, where there is compression; returns how many were not."""
    return compress_chunks(connection, ROWS, instant) if is_behind_a_view(connection) else 0


def compress_chunks(connection: Connection, hypertable: str, instant: datetime) -> int:
    """The same of any hypertable that may be compressed."""
    open_chunks = text(
        "SELECT format('%I.%I', chunk_schema, chunk_name) FROM timescaledb_information.chunks "
        "WHERE format('%I.%I', hypertable_schema, hypertable_name) = :name AND NOT is_compressed AND range_end <= :instant"
    )
    names = connection.execute(open_chunks, {"name": hypertable, "instant": instant}).scalars().all()
    for name in names:
        connection.execute(text("SELECT compress_chunk(CAST(:chunk AS regclass), if_not_compressed => true)"), {"chunk": name})
    return len(names)


def replace_partitions(connection: Connection, chunk_days: int) -> int:
    """The partitioned table as a hypertable, its rows kept; returns how many there were. Nobody writes meanwhile."""
    making = f"{PARENT}_making"
    connection.execute(text(f"LOCK TABLE {PARENT} IN ACCESS EXCLUSIVE MODE"))
    connection.execute(text(f"CREATE TABLE {making} (LIKE {PARENT} INCLUDING ALL)"))
    make_hypertable(connection, chunk_days, making)
    kept = connection.execute(text(f"INSERT INTO {making} SELECT * FROM {PARENT}")).rowcount
    connection.execute(text(f"DROP TABLE {PARENT}"))
    bare = PARENT.removeprefix(f"{QUERY}.")
    connection.execute(text(f"ALTER TABLE {making} RENAME TO {bare}"))
    connection.execute(text(f"ALTER INDEX {making}_pkey RENAME TO {bare}_pkey"))
    return kept
