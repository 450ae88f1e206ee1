"""Work that is answered later: submitted once, leased to one runner at a time, ended once with the run that it became.

Leases are by the database's clock. A lease that is over is anybody's; what its old owner then says is not heard.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Connection, and_, func, or_, select, update

from portopt.adapters.store import job_rows, lifecycle, models
from portopt.adapters.store.clock import database_now
from portopt.adapters.store.endings import OPEN, WORKED_ON, end_jobs
from portopt.adapters.store.engine import Database
from portopt.adapters.store.notices import Notices, tell
from portopt.adapters.store.outbox import take_turns
from portopt.adapters.store.records import fits, job_from, job_row
from portopt.adapters.store.service_tables import jobs
from portopt.adapters.store.status import mirror_status
from portopt.adapters.store.upsert import insert_new
from portopt.domain.canonical import plain
from portopt.domain.errors import Conflict, InvalidValue, KeyReused, OutsideError, UnknownThing, unknown_portfolio
from portopt.domain.job import Job, Swept
from portopt.domain.run import RunStatus

Conditions: TypeAlias = list[Any]
RECENT = 50  # jobs that say how long one takes
DONE = (RunStatus.COMPLETED.value, RunStatus.AWAITING_APPROVAL.value, RunStatus.SUPERSEDED.value)
PENDING, PROCESSING = WORKED_ON
CHANNEL = "portopt_jobs"


class SqlJobs:
    """Implements ports.JobStore. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._notices = Notices(database, CHANNEL)

    def submit(self, job: Job) -> Job:
        """Put it on record with S2's request row; returns what holds: this, or the equal one that was submitted first.

        Raises KeyReused, Conflict for an id that another job has, and UnknownThing for a portfolio that is not on record.
        """
        with self._database.writing() as connection:
            row = job_row(job, database_now(connection))
            take_turns(connection, job.portfolio_id)
            there = _same_key(connection, row) or _equal(connection, row)
            if there is None:
                _require_portfolio(connection, job.portfolio_id)
                if insert_new(connection, jobs, row):
                    for table, asked in job_rows.asked_rows(row):
                        connection.execute(table.insert().values(**asked))
                    tell(connection, CHANNEL)
                else:  # its id is a job's, or its key was used for another portfolio at the same moment
                    there = _same_key(connection, row) or _same_id(connection, row)
            return job_from(there or row)

    def get(self, job_id: str) -> Job:
        """Raises UnknownThing."""
        with self._database.reading() as connection:
            return job_from(_row(connection, job_id))

    def list(
        self, among: frozenset[str] | None, *, kinds: Sequence[str] | None = None, portfolio_id: str | None = None,
        status: RunStatus | None = None, after: str | None = None, limit: int = 50,
    ) -> Sequence[Job]:  # fmt: skip
        """Of these kinds or of all, newest first, after a job's id. Raises UnknownThing for an id that is no job's."""
        wanted: Conditions = [] if kinds is None else [jobs.c.kind.in_(kinds)]
        wanted += [] if among is None else [jobs.c.portfolio_id.in_(among)]
        wanted += [] if portfolio_id is None else [jobs.c.portfolio_id == portfolio_id]
        wanted += [] if status is None else [jobs.c.status == status.value]
        with self._database.reading() as connection:
            if after is not None:
                last = _row(connection, after)
                if among is not None and last["portfolio_id"] not in among:
                    raise UnknownThing("job", after)
                at, is_it = jobs.c.created_at, jobs.c.job_id
                wanted.append(or_(at < last["created_at"], and_(at == last["created_at"], is_it < after)))
            return _newest(connection, wanted, limit)

    def wait(self, seconds: float) -> None:
        """Until a job is submitted, as far as the database tells of it; at most so long."""
        self._notices.wait(seconds)

    def claim(
        self, owner: str, lease_seconds: float, now: datetime | None = None, *, most_attempts: int | None = None,
        job_id: str | None = None,
    ) -> Job | None:  # fmt: skip
        """Take up the oldest job that is free, and lease it. most_attempts: what was taken up so often is left to `sweep`.

        job_id: this one and no other; what the owner has already is theirs for another lease.
        """
        with self._database.writing() as connection:
            now = now or database_now(connection)
            if job_id is not None and _is_theirs(connection, job_id, owner, now, lease_seconds):
                return job_from(_row(connection, job_id))
            free = or_(jobs.c.status == PENDING, and_(jobs.c.status == PROCESSING, _is_over(now)))
            free = free if job_id is None else and_(free, jobs.c.job_id == job_id)
            wanted = select(jobs.c.job_id).where(free).order_by(jobs.c.created_at, jobs.c.job_id).limit(1)
            if most_attempts is not None:
                wanted = wanted.where(jobs.c.attempts < most_attempts)
            job_id = connection.execute(wanted.with_for_update(skip_locked=True)).scalar()
            if job_id is None:
                return None
            _lease(connection, job_id, fits("owner", owner), now, lease_seconds)
            return job_from(_row(connection, job_id))

    def renew(self, job_id: str, owner: str, lease_seconds: float, now: datetime | None = None) -> bool:
        """Work goes on; False where the job is not this owner's any more, or is ended."""
        with self._database.writing() as connection:
            until = (now or database_now(connection)) + timedelta(seconds=lease_seconds)
            this = update(jobs).where(jobs.c.job_id == job_id, *_worked_on_by(owner))
            return connection.execute(this.values(leased_until=until)).rowcount > 0

    def tell(self, job_id: str, owner: str, progress: Mapping[str, Any]) -> bool:
        """How far it is; False where the job is not this owner's any more, or is ended."""
        with self._database.writing() as connection:
            this = update(jobs).where(jobs.c.job_id == job_id, *_worked_on_by(owner))
            return connection.execute(this.values(progress=plain(progress))).rowcount > 0

    def is_open(self, run_id: str) -> bool:
        """Whether some job that is not at its end is this run."""
        with self._database.reading() as connection:
            open_ones = select(jobs.c.job_id).where(jobs.c.run_id == run_id, jobs.c.status.in_(WORKED_ON))
            return connection.execute(open_ones.limit(1)).first() is not None

    def became(self, job_id: str, run_id: str, *, owner: str | None = None) -> bool:
        """The job is this run, whose end is the job's: at once, where the run is ended with an answer.

        A run that was superseded may stand again when it is asked for again; `renew` of the run then ends the job.
        owner: who says so; False, and nothing written, where the job is not theirs any more, or is ended.
        """
        with self._database.writing() as connection:
            take_turns(connection, _row(connection, job_id)["portfolio_id"])
            this = update(jobs).where(jobs.c.job_id == job_id, *_worked_on_by(owner))
            if connection.execute(this.values(run_id=fits("run_id", run_id))).rowcount == 0:
                return False
            status = _answered_as(connection, run_id)
            if status is not None:
                end_jobs(connection, run_id, status)
            return True

    def fail(
        self, job_id: str, problem: Mapping[str, Any], status: RunStatus = RunStatus.FAILED, *, owner: str | None = None
    ) -> bool:
        """It ended without a run's answer; False when it was ended already, or is not the owner's any more."""
        if status.value in OPEN:
            raise InvalidValue("status", status.value, "a job that failed is at its end")
        with self._database.writing() as connection:
            return _fail(connection, job_id, problem, status, owner)

    def sweep(self, most_attempts: int, now: datetime | None = None) -> Swept:
        """Jobs whose lease is over: free for anybody again, or failed after so many attempts, with the run they were."""
        with self._database.writing() as connection:
            now = now or database_now(connection)
            silent = select(jobs.c.job_id, jobs.c.attempts, jobs.c.run_id).where(jobs.c.status == PROCESSING, _is_over(now))
            rows = connection.execute(silent.order_by(jobs.c.job_id).with_for_update(skip_locked=True)).all()
            freed = [row.job_id for row in rows if row.attempts < most_attempts]
            free = {"status": PENDING, "owner": None, "leased_until": None}
            for job_id in freed:
                connection.execute(update(jobs).where(jobs.c.job_id == job_id).values(**free))
                mirror_status(connection, job_id, RunStatus.PENDING)
            failed = [row for row in rows if row.attempts >= most_attempts]
            for row in failed:
                _give_up(connection, row.job_id, row.run_id, row.attempts)
            return Swept(tuple(freed), tuple(row.job_id for row in failed))

    def counts(self) -> Mapping[RunStatus, int]:
        """How many there are by status."""
        with self._database.reading() as connection:
            rows = connection.execute(select(jobs.c.status, func.count()).group_by(jobs.c.status)).all()
        return {RunStatus(status): count for status, count in rows}

    def usual_seconds(self, kind: str) -> float | None:
        """Median of what the last jobs of a kind took from being asked for to their end; None before the first."""
        ended = select(jobs.c.created_at, jobs.c.completed_at).where(jobs.c.kind == kind, jobs.c.status.in_(DONE))
        with self._database.reading() as connection:
            rows = connection.execute(ended.order_by(jobs.c.completed_at.desc()).limit(RECENT)).all()
        return statistics.median((row.completed_at - row.created_at).total_seconds() for row in rows) if rows else None

    def lookup(
        self, among: frozenset[str] | None, *, idempotency_key: str | None = None, request_digest: str | None = None,
        pricing_pack_id: str | None = None, correlation_id: str | None = None, limit: int = 50,
    ) -> Sequence[Job]:  # fmt: skip
        """Newest first: jobs that all of what is given fits."""
        given = {"idempotency_key": idempotency_key, "request_digest": request_digest, "correlation_id": correlation_id}
        wanted: Conditions = [jobs.c[name] == value for name, value in given.items() if value is not None]
        wanted += [] if among is None else [jobs.c.portfolio_id.in_(among)]
        if pricing_pack_id is not None:
            on_pack = select(models.runs.c.run_id).where(models.runs.c.pricing_pack_id == pricing_pack_id)
            wanted.append(jobs.c.run_id.in_(on_pack))
        with self._database.reading() as connection:
            return _newest(connection, wanted, limit)


def _row(connection: Connection, job_id: str) -> Mapping[str, Any]:
    row = connection.execute(select(jobs).where(jobs.c.job_id == job_id)).mappings().first()
    if row is None:
        raise UnknownThing("job", job_id)
    return dict(row)


def _newest(connection: Connection, wanted: Sequence[Any], limit: int) -> list[Job]:
    newest = select(jobs).where(*wanted).order_by(jobs.c.created_at.desc(), jobs.c.job_id.desc()).limit(limit)
    return [job_from(dict(row)) for row in connection.execute(newest).mappings()]


def _same_key(connection: Connection, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What its asker's key stands for. Raises KeyReused where that is something else.

    Not by the digest of the request: holdings that were declared meanwhile change it, and the key stands for the first.
    """
    key = row["idempotency_key"]
    if key is None:
        return None
    used = select(jobs).where(jobs.c.asked_by == row["asked_by"], jobs.c.idempotency_key == key)
    there = connection.execute(used).mappings().first()
    if there is not None and any(there[name] != row[name] for name in ("kind", "portfolio_id", "body")):
        raise KeyReused(key)
    return None if there is None else dict(there)


def _same_id(connection: Connection, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The job that has this id. Raises Conflict where it is another one."""
    there = _row(connection, row["job_id"])
    if any(there[name] != row[name] for name in ("kind", "portfolio_id", "body")):
        raise Conflict(f"{row['job_id']} is the id of another job", field="job_id", value=row["job_id"])
    return there


def _equal(connection: Connection, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    same = [jobs.c[name] == row[name] for name in ("request_digest", "kind", "portfolio_id")]
    wanted = select(jobs).where(*same, jobs.c.status.in_(WORKED_ON)).order_by(jobs.c.created_at)
    there = connection.execute(wanted).mappings().first()
    return None if there is None else dict(there)


def _require_portfolio(connection: Connection, portfolio_id: str) -> None:
    table = models.portfolios
    if connection.execute(select(table.c.id).where(table.c.id == portfolio_id)).first() is None:
        raise unknown_portfolio(portfolio_id)


def _is_theirs(connection: Connection, job_id: str, owner: str, now: datetime, seconds: float) -> bool:
    """Whether the owner has it, and then for another lease."""
    this = update(jobs).where(jobs.c.job_id == job_id, jobs.c.status == PROCESSING, jobs.c.owner == owner, ~_is_over(now))
    return connection.execute(this.values(leased_until=now + timedelta(seconds=seconds))).rowcount > 0


def _is_over(now: datetime) -> Any:
    return or_(jobs.c.leased_until.is_(None), jobs.c.leased_until <= now)


def _worked_on_by(owner: str | None) -> list[Any]:
    """Not ended; and leased to this owner, where one speaks."""
    return [jobs.c.status.in_(WORKED_ON), *([] if owner is None else [jobs.c.owner == owner])]


def _lease(connection: Connection, job_id: str, owner: str, now: datetime, seconds: float) -> None:
    leased = {"status": PROCESSING, "owner": owner, "leased_until": now + timedelta(seconds=seconds)}
    began = func.coalesce(jobs.c.started_at, now)
    this = update(jobs).where(jobs.c.job_id == job_id)
    connection.execute(this.values(**leased, attempts=jobs.c.attempts + 1, started_at=began))
    mirror_status(connection, job_id, RunStatus.PROCESSING)


def _answered_as(connection: Connection, run_id: str) -> RunStatus | None:
    """How the run ended, where it did with a result; None for one that is worked on, failed, or may stand again."""
    runs, results = models.runs, models.run_results
    wanted = select(runs.c.status).join(results).where(runs.c.run_id == run_id)
    found = connection.execute(wanted).scalar()
    return None if found is None or found == RunStatus.SUPERSEDED else RunStatus(found)


def _fail(connection: Connection, job_id: str, problem: Mapping[str, Any], status: RunStatus, owner: str | None = None) -> bool:
    ended = {"status": status.value, "problem": problem, "completed_at": database_now(connection)}
    this = update(jobs).where(jobs.c.job_id == job_id, *_worked_on_by(owner))
    if connection.execute(this.values(**ended, owner=None, leased_until=None)).rowcount == 0:
        return False
    mirror_status(connection, job_id, status)
    return True


def _give_up(connection: Connection, job_id: str, run_id: str | None, attempts: int) -> None:
    problem = OutsideError(
        f"{job_id} was taken up {attempts} times, and each time its runner went silent",
        field="job", value=job_id, measured={"attempts": attempts}, fixes=["ask again; the log of the runners says why"],
    ).problem()  # fmt: skip
    _fail(connection, job_id, problem, RunStatus.FAILED)
    others = select(jobs.c.job_id).where(jobs.c.run_id == run_id, jobs.c.status.in_(WORKED_ON))
    if run_id is not None and connection.execute(others).first() is None:
        lifecycle.give_up(connection, run_id, problem)
