"""A run's status as it changes, wherever it is repeated: in S2's tables, and in the jobs that the run ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from portopt.adapters.store import job_rows, models
from portopt.adapters.store.clock import database_now
from portopt.adapters.store.service_tables import jobs
from portopt.adapters.store.status import mirror_status
from portopt.adapters.store.upsert import insert_new
from portopt.domain.errors import Conflict
from portopt.domain.run import RunStatus

WORKED_ON = (RunStatus.PENDING.value, RunStatus.PROCESSING.value)
OPEN = (*WORKED_ON, RunStatus.AWAITING_APPROVAL.value)  # what a run may still change; any other end is a job's last word
ANSWERED = (RunStatus.COMPLETED, RunStatus.AWAITING_APPROVAL, RunStatus.SUPERSEDED)


def require_worked_on(connection: Connection, job_id: str, owner: str) -> None:
    """Raises Conflict for a job that is not the owner's any more, or was ended. Nobody else changes it meanwhile."""
    theirs = select(jobs.c.job_id).where(jobs.c.job_id == job_id, jobs.c.owner == owner, jobs.c.status.in_(WORKED_ON))
    if connection.execute(theirs.with_for_update()).first() is None:
        raise Conflict(f"{job_id} is not to be done here any more", field="job", value=job_id)


def run_ended(connection: Connection, run_id: str, status: RunStatus) -> None:
    """The run has this status now: S2's rows repeat it, and so do the jobs that became this run."""
    mirror_status(connection, run_id, status)
    end_jobs(connection, run_id, status)


def end_jobs(connection: Connection, run_id: str, status: RunStatus) -> None:
    """The jobs that became this run, and are not ended, end as it did."""
    waiting = select(jobs).where(jobs.c.run_id == run_id, jobs.c.status.in_(OPEN)).order_by(jobs.c.job_id)
    for job in connection.execute(waiting).mappings().all():
        _end(connection, dict(job), status)


def _end(connection: Connection, job: Mapping[str, Any], status: RunStatus) -> None:
    runs = models.runs
    run = connection.execute(select(runs.c.problem, runs.c.timings).where(runs.c.run_id == job["run_id"])).mappings().one()
    now = job["completed_at"] or database_now(connection)
    ended = {"status": status.value, "completed_at": now, "owner": None, "leased_until": None, "problem": run["problem"]}
    seconds = job["seconds"] or {**_queued(job), **(run["timings"] or {})}
    this = update(jobs).where(jobs.c.job_id == job["job_id"], jobs.c.status == job["status"])
    connection.execute(this.values(**ended, seconds=seconds))
    if status in ANSWERED and job["job_id"] != job["run_id"]:
        results = models.run_results
        document = connection.execute(select(results.c.document).where(results.c.run_id == job["run_id"])).scalar() or {}
        for table, row in job_rows.decided_rows(job, document, status.value, now):
            insert_new(connection, table, row)
    mirror_status(connection, job["job_id"], status)


def _queued(job: Mapping[str, Any]) -> dict[str, float]:
    """How long it waited for a runner, in seconds."""
    return {} if job["started_at"] is None else {"queue": (job["started_at"] - job["created_at"]).total_seconds()}
