"""`portfolio_optimization_ts` through time: what it stands on, how long its rows are kept, its conversion and the figures'."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, text

from portopt.adapters.store import figure_chunks, migrate, models, partitions, timescale
from portopt.adapters.store.clock import database_now
from portopt.adapters.store.engine import Database
from portopt.adapters.store.upsert import insert_or_update
from portopt.domain.access import restricted_to
from portopt.domain.errors import RequestError
from portopt.domain.series import Converted, Tended

LEVEL, EXTENSION = "time_series_level", "timescaledb"  # facts about a store
GET_IT = {
    timescale.ABSENT: "install TimescaleDB on the database's server",
    timescale.NOT_PRELOADED: "name timescaledb in the server's shared_preload_libraries, restart it, and let this role create "
    "the extension, or create it as one who may",
}


class SqlSeries:
    """Implements ports.SeriesStore. What is done about the table as a whole. Every portfolio's rows are meant, whoever asks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def convert(self, *, chunk_days: int = 1) -> Converted:
        """A database that gained TimescaleDB, or its licence, after its first migration uses it; the rows are kept.

        In one transaction, during which nobody else writes an optimization or a figure. Raises RequestError where there is none
        that works.
        """
        found = timescale.level(self._database)
        if found not in timescale.WORKS:
            what = "is SQLite" if self._database.dialect == "sqlite" else f"has no TimescaleDB that works: {found}"
            raise RequestError(
                f"the database at {self._database.shown} {what}", field="database_url", value=self._database.shown,
                measured={"timescaledb": found}, fixes=[GET_IT[found]] if self._database.dialect != "sqlite" else [],
            )  # fmt: skip
        with restricted_to(None), self._database.writing() as connection:
            migrate.lock(connection)
            known = facts(connection)
            is_new = known.get(LEVEL) != partitions.TIMESCALEDB
            moved = timescale.replace_partitions(connection, chunk_days) if is_new else None
            if is_new or known.get(EXTENSION) != found:
                timescale.take_back(connection)
                timescale.finish(connection, found)
            figures = figure_chunks.convert(connection, found, chunk_days)
            record(connection, {LEVEL: partitions.TIMESCALEDB, EXTENSION: found})
        return Converted(found, moved, figures)

    def tend(self, keep_days: float | None, open_days: float, now: datetime | None = None) -> Tended:
        """What is past its days goes, where days are set; what is written to no more is compressed, and its days aggregated.

        now: for tests; else the database's clock. Cheap where nothing is due.
        """
        with self._database.reading() as connection:
            now = now or database_now(connection)
        settled = now - timedelta(days=open_days)
        compressed = self.compress_before(settled)
        if compressed:
            self.refresh(None, settled)
        forgotten = 0 if keep_days is None else self.forget_before(now - timedelta(days=keep_days))
        return Tended(compressed, forgotten)

    def forget_before(self, instant: datetime) -> int:
        """Rows of before it go; returns how many chunks, partitions or, where there are neither, rows.

        Chunks and months go whole, once they are over: a row may stay that much longer. What was decided stays on record in
        the other tables.
        """
        if not self._has_before(instant):
            return 0
        with restricted_to(None), self._database.writing() as connection:
            level = facts(connection).get(LEVEL)
            if level == partitions.TIMESCALEDB:
                return len(timescale.drop_before(connection, instant))
            if level == partitions.PARTITIONS:
                migrate.lock(connection)
                return len(partitions.drop_before(connection, instant))
            table = models.portfolio_optimization_ts
            return connection.execute(delete(table).where(table.c.timestamp < instant)).rowcount

    def _has_before(self, instant: datetime) -> bool:
        """Looked for without a lock: a sweep comes often, and seldom finds anything."""
        at = models.portfolio_optimization_ts.c.timestamp
        with restricted_to(None), self._database.reading() as connection:
            return connection.execute(select(at).where(at < instant).limit(1)).first() is not None

    def compress_before(self, instant: datetime) -> int:
        """Chunks that end before it are compressed, where the licence has it; returns how many were not."""
        with restricted_to(None), self._database.writing() as connection:
            if facts(connection).get(EXTENSION) != timescale.COMMUNITY:
                return 0
            figures = figure_chunks.is_behind_a_view(connection)
            of_figures = timescale.compress_chunks(connection, figure_chunks.ROWS, instant) if figures else 0
            return timescale.compress_before(connection, instant) + of_figures

    def refresh(self, since: datetime | None, until: datetime) -> bool:
        """The daily aggregate of these days is brought up to date, where there is one; since: None is from the first.

        What is newer than its last refresh is added as it is read.
        """
        with self._database.reading() as connection:
            if facts(connection).get(EXTENSION) != timescale.COMMUNITY:
                return False
        autocommit = self._database.engine.execution_options(isolation_level="AUTOCOMMIT")  # it ends transactions of its own
        refreshed = text(
            "CALL refresh_continuous_aggregate("
            "CAST(:name AS regclass), CAST(:since AS timestamptz), CAST(:until AS timestamptz))"
        )
        with self._database.translated(), autocommit.connect() as connection:
            connection.execute(refreshed, {"name": timescale.DAYS, "since": since, "until": until})
        return True


def facts(connection: Connection) -> Mapping[str, str]:
    """What this database turned out to be able to do."""
    table = models.store_facts
    return {row.name: row.value for row in connection.execute(select(table.c.name, table.c.value))}


def record(connection: Connection, found: Mapping[str, Any]) -> None:
    for name, value in found.items():
        insert_or_update(connection, models.store_facts, {"name": name, "value": value}, ("name",))
