"""`portfolio_optimization_ts` through time: a TimescaleDB hypertable, monthly partitions, or a plain table.

The level is what the database can do, found once by the first migration:
    timescaledb   the extension is there and works: a hypertable
    partitions    plain PostgreSQL: monthly range partitions and one for everything else
    plain         SQLite
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from portopt.adapters.store import row_security, timescale
from portopt.adapters.store.columns import QUERY
from portopt.adapters.store.models import portfolio_optimization_ts

if TYPE_CHECKING:
    from portopt.adapters.store.engine import Database

TIMESCALEDB, PARTITIONS, PLAIN = "timescaledb", "partitions", "plain"
PARENT = portfolio_optimization_ts.name
MONTHS_AHEAD = 3


def detect_level(database: Database) -> str:
    """Which of the three this database offers."""
    if database.dialect == "sqlite":
        return PLAIN
    return TIMESCALEDB if timescale.level(database) in timescale.WORKS else PARTITIONS


def months(first: date, count: int) -> list[tuple[date, date]]:
    """`count` months as half-open ranges, the first holding `first`.

    >>> months(date(2026, 12, 24), 2)[1]
    (datetime.date(2027, 1, 1), datetime.date(2027, 2, 1))
    """
    starts = [date(first.year + (first.month - 1 + k) // 12, (first.month - 1 + k) % 12 + 1, 1) for k in range(count + 1)]
    return list(pairwise(starts))


def make_partitions(connection: Connection, now: datetime, months_ahead: int = MONTHS_AHEAD) -> list[str]:
    """The default partition, this month's and the next ones', where missing; returns the names of those made.

    Rows that already fell into the default partition are moved to the month they belong to.
    """
    made = [] if _exists(connection, f"{PARENT}_default") else [_make_default(connection)]
    for start, end in months(now.astimezone(UTC).date(), months_ahead + 1):
        name = f"{PARENT}_{start:%Y_%m}"
        if not _exists(connection, name):
            _make_month(connection, name, start, end)
            made.append(name)
    if row_security.is_installed(connection):  # not while the first migration makes them: a later one restricts what is there
        for name in made:
            row_security.protect(connection, f"{QUERY}.{name}", "portfolio_id")
    return made


def partition_names(connection: Connection) -> list[str]:
    """Of those that are there."""
    found = text(
        "SELECT c.relname FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = to_regclass(:parent) AND c.relispartition ORDER BY c.relname"
    )
    return list(connection.execute(found, {"parent": f"{QUERY}.{PARENT}"}).scalars())


def missing(connection: Connection, now: datetime, months_ahead: int = MONTHS_AHEAD) -> list[str]:
    """Names of the partitions that make_partitions would make."""
    wanted = [f"{PARENT}_default"]
    wanted += [f"{PARENT}_{start:%Y_%m}" for start, _ in months(now.astimezone(UTC).date(), months_ahead + 1)]
    return [name for name in wanted if not _exists(connection, name)]


def drop_before(connection: Connection, instant: datetime) -> list[str]:
    """Months that ended before it go whole, and rows of before it that lie in the default partition; names what went."""
    started = instant.astimezone(UTC).date().replace(day=1)
    over = [name for name in partition_names(connection) if name < f"{PARENT}_{started:%Y_%m}"]
    for name in over:
        _run(connection, "DROP TABLE {table}", name)
    _run(connection, "DELETE FROM {table} WHERE timestamp < {instant}", f"{PARENT}_default", instant=instant)
    return over


def _exists(connection: Connection, name: str) -> bool:
    # By the catalog's rows: to_regclass answers from a cache that does not hear of a table made while we waited for the lock.
    found = text(
        "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = :schema AND c.relname = :name"
    )
    return bool(connection.execute(found, {"schema": QUERY, "name": name}).scalar_one())


def _make_default(connection: Connection) -> str:
    name = f"{PARENT}_default"
    _run(connection, "CREATE TABLE {table} PARTITION OF {parent} DEFAULT", name)
    return name


def _make_month(connection: Connection, name: str, start: date, end: date) -> None:
    """A month is filled from the default partition before it is attached: PostgreSQL refuses overlaps."""
    bounds = {"start": datetime(start.year, start.month, 1, tzinfo=UTC), "end": datetime(end.year, end.month, 1, tzinfo=UTC)}
    _run(connection, "CREATE TABLE {table} (LIKE {parent} INCLUDING ALL)", name)
    _run(
        connection,
        "WITH moved AS (DELETE FROM {default} WHERE timestamp >= {start} AND timestamp < {end} RETURNING *) "
        "INSERT INTO {table} SELECT * FROM moved",
        name,
        **bounds,
    )
    _run(connection, "ALTER TABLE {parent} ATTACH PARTITION {table} FOR VALUES FROM ({start}) TO ({end})", name, **bounds)


def _run(connection: Connection, statement: str, table: str, **literals: Any) -> None:
    """DDL takes no bound parameters: psycopg quotes names and values instead."""
    from psycopg import sql

    names = {"table": table, "parent": PARENT, "default": f"{PARENT}_default"}
    parts: dict[str, Any] = {key: sql.Identifier(QUERY, name) for key, name in names.items()}
    parts.update({key: sql.Literal(value) for key, value in literals.items()})
    composed = sql.SQL(statement).format(**parts)
    driver: Any = connection.connection.driver_connection
    connection.exec_driver_sql(composed.as_string(driver).replace("%", "%%"))
