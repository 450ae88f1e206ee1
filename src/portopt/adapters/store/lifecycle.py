"""A run's rows within one transaction: begun, ended, read back; and its status where S2's tables repeat it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select, update

from portopt.adapters.store import models, projection
from portopt.adapters.store.records import fits, run_from, run_row
from portopt.adapters.store.upsert import insert_new
from portopt.domain.errors import UnknownRun
from portopt.domain.run import RunRecord, RunStatus


def insert_run(connection: Connection, run: RunRecord) -> bool:
    """The run, its portfolio by name, and what was asked: all of them only if they are not there. True when they were not."""
    # Looked up first: to be refused by its key, a request of thousands of assets would be written out and folded once more.
    there = select(models.runs.c.run_id).where(models.runs.c.run_id == fits("run_id", run.run_id))
    if connection.execute(there).first() is not None or not insert_new(connection, models.runs, run_row(run)):
        return False
    insert_new(connection, models.portfolios, {"id": run.portfolio_id})
    for table, row in projection.asked_rows(run):
        insert_new(connection, table, row)
    return True


def get_run(connection: Connection, run_id: str) -> RunRecord:
    runs, results = models.runs, models.run_results
    wanted = select(runs, results.c.document, results.c.document_digest).join(results, isouter=True)
    row = connection.execute(wanted.where(runs.c.run_id == run_id)).mappings().first()
    if row is None:
        raise UnknownRun(run_id)
    return run_from(dict(row), row["document"], row["document_digest"])


def set_status(connection: Connection, run: RunRecord, *, unless: Sequence[RunStatus] = (), problem: Any) -> None:
    """The run's end. `unless` is checked on the row as it is when the lock is ours, so a race cannot undo a completion."""
    runs = models.runs
    ended = update(runs).where(runs.c.run_id == run.run_id, runs.c.status.not_in([status.value for status in unless]))
    values = {"status": run.status.value, "completed_at": run.completed_at, "problem": problem, "timings": dict(run.timings)}
    if connection.execute(ended.values(**values, report_path=run.report_path)).rowcount:
        mirror_status(connection, run.run_id, run.status)


def mirror_status(connection: Connection, run_id: str, status: RunStatus) -> None:
    """S2 keeps the status in the request's row, and in the read side of an optimization."""
    now = datetime.now(UTC)
    for table in projection.REQUESTS.values():
        connection.execute(update(table).where(table.c.id == run_id).values(status=status.value, updated_at=now))
    read = models.portfolio_optimizations
    connection.execute(update(read).where(read.c.optimization_id == run_id).values(status=status.value))
