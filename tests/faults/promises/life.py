"""The whole life of a job in the store, by its own operations: asked for, taken up, begun, completed, told.

What a run is made of is worked out once, so that hundreds of lives can be broken off at every moment that they have.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import small_book
from sqlalchemy import Engine, event, func, select
from submitted import asked, job_of, opened

from portopt.adapters.store import models
from portopt.domain.job import Job
from portopt.domain.run import RunRecord, RunStatus
from portopt.runs.events import deliver, event_of
from portopt.runtime import Runtime
from portopt.settings import Settings

LEASE = 30.0  # seconds; who comes later looks with a clock that is an hour on


@dataclasses.dataclass(frozen=True)
class Life:
    """job: as it is asked for. record: the run with its result."""

    job: Job
    record: RunRecord


def prepared(folder: Path) -> Life:
    """One real rebalance, whose record every life is made of."""
    runtime = opened(folder / "prepared")
    request = asked(folder)
    record = small_book.rebalance(runtime)
    runtime.runs.close()
    return Life(job_of(runtime, request, holdings_version=1), record)


def another(of: Life, name: str) -> Life:
    """The same under names of its own: portfolio, job and run."""
    held = {**of.record.request["holdings"], "portfolio_id": name}
    request = {**of.record.request, "holdings": held}
    return Life(
        dataclasses.replace(
            of.job,
            job_id=f"job-{name}",
            portfolio_id=name,
            request_digest=f"digest of {name}",
            idempotency_key=f"key of {name}",
        ),
        dataclasses.replace(of.record, run_id=f"reb-{name}", portfolio_id=name, request=request),
    )


def of_home(home: Path, url: str | None) -> Runtime:
    return Runtime(Settings(home=home, **({"database_url": url} if url else {})))


def live(runtime: Runtime, this: Life, owner: str) -> None:
    """From where it stands to its end."""
    jobs, runs, record = runtime.jobs, runtime.runs, this.record
    jobs.submit(this.job)
    jobs.sweep(1000, datetime.now(UTC) + timedelta(hours=1))
    if jobs.claim(owner, LEASE, job_id=this.job.job_id) is not None:
        begun = dataclasses.replace(record, status=RunStatus.PROCESSING, document=None, document_digest=None, completed_at=None)
        runs.begin(begun)
        jobs.became(this.job.job_id, record.run_id, owner=owner)
        if not jobs.get(this.job.job_id).is_ended:
            runs.complete(record, event_of(record), since=1, of_job=(this.job.job_id, owner))
    deliver(runtime)


@dataclasses.dataclass(frozen=True)
class Left:
    """What the store has of a life."""

    job: RunStatus | None
    run: RunStatus | None
    results: int
    projections: int
    events: int
    released: int

    @property
    def is_whole(self) -> bool:
        """Result, projection, event, ledger and both ends: all of them, or none."""
        ended = (self.job is RunStatus.COMPLETED) + 0
        return {self.results, self.projections, self.events, self.released, (self.run is RunStatus.COMPLETED) + 0} == {ended}


def left_of(runtime: Runtime, this: Life) -> Left:
    """As the store's own rows say."""
    run_id, name = this.record.run_id, this.record.portfolio_id
    jobs = runtime.jobs.list(None, portfolio_id=name)
    runs, results, asked_for, outbox = models.runs, models.run_results, models.rebalance_results, models.outbox
    with runtime.runs.database.reading() as connection:
        count = lambda query: int(connection.execute(query).scalar_one())  # noqa: E731
        status = connection.execute(select(runs.c.status).where(runs.c.run_id == run_id)).scalar()
        return Left(
            jobs[0].status if jobs else None,
            None if status is None else RunStatus(status),
            count(select(func.count()).select_from(results).where(results.c.run_id == run_id)),
            count(select(func.count()).select_from(asked_for).where(asked_for.c.rebalance_id == this.job.job_id)),
            count(select(func.count()).select_from(outbox).where(outbox.c.key == name)),
            sum(entry.kind == "released" for entry in runtime.ledger.entries(name, limit=100)),
        )


@contextmanager
def at_every_moment(engine: Engine, reached: Callable[[object], None]) -> Iterator[None]:
    """`reached(connection)` is called before every statement, after it, and before every commit."""
    before = lambda connection, *_: reached(connection)  # noqa: E731
    names = ("before_cursor_execute", "after_cursor_execute", "commit")
    for name in names:
        event.listen(engine, name, before)
    try:
        yield
    finally:
        for name in names:
            event.remove(engine, name, before)
