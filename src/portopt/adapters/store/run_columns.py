"""Runs, jobs and books as columns, for the watch: no document is opened, and every question is bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select

from portopt.adapters.store import models
from portopt.adapters.store.engine import Database
from portopt.adapters.store.lifecycle import UNFINISHED
from portopt.adapters.store.service_tables import jobs
from portopt.domain.errors import UnknownRun
from portopt.domain.measured import EndedJob, EndedRun, KnownBook, OpenRun, Queue, ReleasedProposal
from portopt.domain.run import RunStatus

AWAITS = RunStatus.AWAITING_APPROVAL.value
SIZES_KEPT = 20_000  # runs whose number of assets a process remembers: to learn it takes their whole request


class SqlRunColumns:
    """Implements ports.columns.RunColumns. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sizes: dict[str, int | None] = {}

    def ended(self, since: datetime, *, most: int) -> Sequence[EndedRun]:
        """Runs that ended since then, newest first."""
        table = models.runs
        names = ("run_id", "kind", "portfolio_id", "status", "created_at", "completed_at", "timings", "problem")
        columns = [table.c[name] for name in names]
        wanted = select(*columns).where(table.c.completed_at >= since, table.c.status.not_in(UNFINISHED))
        with self._database.reading() as connection:
            newest = wanted.order_by(table.c.completed_at.desc(), table.c.run_id).limit(most)
            rows = connection.execute(newest).mappings().all()
            sizes = self._sizes_of(connection, [row["run_id"] for row in rows])
        return [_ended(dict(row), sizes.get(row["run_id"])) for row in rows]

    def _sizes_of(self, connection: Connection, run_ids: Sequence[str]) -> Mapping[str, int | None]:
        """How many assets each chose among; requests never change, so each is read once."""
        table, known = models.runs, self._sizes
        unknown = [run_id for run_id in run_ids if run_id not in known]
        for at in range(0, len(unknown), 500):
            of = table.c.run_id.in_(unknown[at : at + 500])
            for run_id, request in connection.execute(select(table.c.run_id, table.c.request).where(of)):
                known[run_id] = _size(request)
        if len(known) > SIZES_KEPT:
            self._sizes = {run_id: known[run_id] for run_id in run_ids}
        return known

    def begun(self, now: datetime) -> Sequence[OpenRun]:
        """Runs that were begun and have not ended, the oldest first. now: up to which leases count."""
        table, since = models.runs, func.coalesce(models.runs.c.recorded_at, models.runs.c.created_at)
        leased = select(jobs.c.run_id).where(jobs.c.run_id.is_not(None), jobs.c.leased_until > now)
        wanted = select(table.c.run_id, table.c.portfolio_id, since.label("since")).where(table.c.status.in_(UNFINISHED))
        with self._database.reading() as connection:
            worked_on = set(connection.execute(leased).scalars())
            rows = connection.execute(wanted.order_by(since, table.c.run_id)).all()
        return [OpenRun(row.run_id, row.portfolio_id, row.since, row.run_id in worked_on) for row in rows]

    def awaiting(self) -> Sequence[OpenRun]:
        """Proposals that await a person, the oldest first."""
        table, since = models.runs, func.coalesce(models.runs.c.completed_at, models.runs.c.created_at)
        wanted = select(table.c.run_id, table.c.portfolio_id, since.label("since")).where(table.c.status == AWAITS)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(since, table.c.run_id)).all()
        return [OpenRun(row.run_id, row.portfolio_id, row.since) for row in rows]

    def released(self, since: datetime, *, portfolio_id: str | None = None) -> Sequence[ReleasedProposal]:
        """Rebalances that were released since then, the oldest first, and of each portfolio the newest whenever it was."""
        table = models.runs
        which = [table.c.kind == "rebalance", table.c.status == RunStatus.COMPLETED.value, table.c.completed_at.is_not(None)]
        if portfolio_id is not None:
            which.append(table.c.portfolio_id == portfolio_id)
        newest = select(table.c.portfolio_id, func.max(table.c.completed_at).label("at")).where(*which)
        last = newest.group_by(table.c.portfolio_id).subquery()
        names = ("run_id", "portfolio_id", "as_of", "completed_at", "pricing_pack_id")
        wanted = select(*(table.c[name] for name in names)).join(last, last.c.portfolio_id == table.c.portfolio_id)
        wanted = wanted.where(*which, or_(table.c.completed_at >= since, table.c.completed_at == last.c.at))
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(table.c.completed_at, table.c.run_id)).mappings().all()
        return [ReleasedProposal(**{name: row[name] for name in names}) for row in rows]

    def request(self, run_id: str) -> Mapping[str, Any]:
        """What a run was asked, as data. Raises UnknownRun."""
        wanted = select(models.runs.c.request).where(models.runs.c.run_id == run_id)
        with self._database.reading() as connection:
            found = connection.execute(wanted).scalar()
        if not isinstance(found, Mapping):
            raise UnknownRun(run_id)
        return found

    def jobs_ended(self, since: datetime) -> Sequence[EndedJob]:
        """Jobs that ended since then."""
        columns = (jobs.c.job_id, jobs.c.status, jobs.c.completed_at, jobs.c.problem)
        wanted = select(*columns).where(jobs.c.completed_at >= since).order_by(jobs.c.completed_at, jobs.c.job_id)
        with self._database.reading() as connection:
            rows = connection.execute(wanted).mappings().all()
        return [EndedJob(r["job_id"], RunStatus(r["status"]), r["completed_at"], _code(r["problem"])) for r in rows]

    def queue(self) -> Queue:
        """Jobs that nobody has taken up."""
        pending = jobs.c.status == RunStatus.PENDING.value
        with self._database.reading() as connection:
            waiting = connection.execute(select(func.count()).select_from(jobs).where(pending)).scalar_one()
            first = select(jobs.c.created_at).where(pending).order_by(jobs.c.created_at).limit(1)
            oldest = connection.execute(first).scalar()
        return Queue(int(waiting), oldest)

    def books(self) -> Sequence[KnownBook]:
        """Portfolios whose holdings were declared, by id."""
        table = models.portfolios
        wanted = select(table.c.id, table.c.updated_at).where(table.c.shares.is_not(None)).order_by(table.c.id)
        with self._database.reading() as connection:
            return [KnownBook(row.id, row.updated_at) for row in connection.execute(wanted)]


def _ended(row: Mapping[str, Any], assets: int | None) -> EndedRun:
    return EndedRun(
        run_id=row["run_id"],
        kind=row["kind"],
        portfolio_id=row["portfolio_id"],
        status=RunStatus(row["status"]),
        created_at=row["created_at"],
        completed_at=row["completed_at"],
        timings=row["timings"] or {},
        assets=assets,
        code=_code(row["problem"]),
    )


def _code(problem: Mapping[str, Any] | None) -> str:
    return str((problem or {}).get("code") or "")


def _size(request: Any) -> int | None:
    universe = request.get("universe") if isinstance(request, Mapping) else None
    assets = universe.get("assets") if isinstance(universe, Mapping) else None
    return len(assets) if isinstance(assets, list) else None
