"""Runs, jobs and books as columns, on both databases: who is counted, in which order, and what it takes no document to tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from submitted import submitted

from portopt.adapters.store.run_columns import SqlRunColumns
from portopt.adapters.store.sql import SqlStore
from portopt.domain.holdings import Holdings
from portopt.domain.run import RunRecord, RunStatus
from portopt.runs import jobs, market
from portopt.runtime import Runtime
from portopt.settings import Settings

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
Make = Callable[..., RunRecord]


@pytest.fixture
def columns(store: SqlStore) -> SqlRunColumns:
    return SqlRunColumns(store.database)


def test_runs_that_ended_come_newest_first_with_size_and_code(store: SqlStore, columns: SqlRunColumns, finished: Make,
                                                              begun: Make) -> None:  # fmt: skip
    universe = {"assets": [{"id": "A"}, {"id": "B"}]}
    for hours in (1, 2, 30):
        at = NOW - timedelta(hours=hours)
        store.complete(
            finished(f"reb-{hours}", completed_at=at, request={"universe": universe}, timings={"optimize": 0.5}), None
        )
    store.fail(begun("reb-bad", status=RunStatus.FAILED, completed_at=NOW, problem={"code": "bad_data"}))
    store.begin(begun("reb-open"))
    found = columns.ended(NOW - timedelta(days=1), most=10)
    assert [(run.run_id, run.status, run.assets, run.code) for run in found] == [
        ("reb-bad", RunStatus.FAILED, None, "bad_data"),
        ("reb-1", RunStatus.COMPLETED, 2, ""),
        ("reb-2", RunStatus.COMPLETED, 2, ""),
    ]
    assert found[1].timings == {"optimize": 0.5}
    assert [run.run_id for run in columns.ended(NOW - timedelta(days=9), most=2)] == ["reb-bad", "reb-1"]


def test_open_runs_and_proposals_that_await_a_person_are_told_apart(store: SqlStore, columns: SqlRunColumns, finished: Make,
                                                                    begun: Make) -> None:  # fmt: skip
    store.begin(begun("reb-open"))
    store.complete(finished("reb-waits", status=RunStatus.AWAITING_APPROVAL), None)
    assert [(run.run_id, run.worked_on) for run in columns.begun(NOW)] == [("reb-open", False)]
    assert [run.run_id for run in columns.awaiting()] == ["reb-waits"]


def test_of_each_portfolio_the_newest_proposal_is_told_however_old_it_is(store: SqlStore, columns: SqlRunColumns,
                                                                         finished: Make) -> None:  # fmt: skip
    for number, (portfolio, days) in enumerate([("P1", 400), ("P1", 300), ("P2", 20), ("P2", 10), ("P3", 500)]):
        at = NOW - timedelta(days=days)
        store.complete(finished(f"reb-{number}", portfolio_id=portfolio, completed_at=at, request={"n": number}), None)
    found = columns.released(NOW - timedelta(days=100))
    assert [one.run_id for one in found] == ["reb-4", "reb-1", "reb-2", "reb-3"]
    assert [one.run_id for one in columns.released(NOW, portfolio_id="P1")] == ["reb-1"]


def test_books_are_those_whose_holdings_were_declared(store: SqlStore, columns: SqlRunColumns, begun: Make) -> None:
    store.begin(begun("reb-1", portfolio_id="named-only"))
    store.save_holdings(Holdings("P9", {"A": Decimal(3)}, Decimal(5)))
    before = datetime.now(UTC)
    store.save_holdings(Holdings("P9", {"A": Decimal(4)}, Decimal(5)))
    (found,) = columns.books()
    assert found.portfolio_id == "P9"
    assert abs(found.changed_at - before) < timedelta(minutes=10)


def test_a_run_whose_job_is_leased_is_worked_on_and_jobs_are_counted(url: str, tmp_path: Path) -> None:
    runtime = Runtime(Settings(home=tmp_path, database_url=url))
    first, second = submitted(runtime, tmp_path, 5000), submitted(runtime, tmp_path, 6000)
    columns, now = runtime.run_columns, datetime.now(UTC)
    assert columns.queue().waiting == 2
    assert columns.queue().oldest == min(first.created_at, second.created_at)
    job = jobs.next_job(runtime)
    assert job is not None
    run = begin(runtime, job.job_id)
    assert [(one.run_id, one.worked_on) for one in columns.begun(now)] == [(run, True)]
    assert [one.worked_on for one in columns.begun(now + timedelta(hours=1))] == [False]
    runtime.jobs.fail(job.job_id, {"code": "upstream_failed"}, owner=jobs.owner())
    assert [(one.job_id, one.status, one.code) for one in columns.jobs_ended(now - timedelta(hours=1))] == [
        (job.job_id, RunStatus.FAILED, "upstream_failed")
    ]
    assert columns.queue().waiting == 1
    assert columns.jobs_ended(now + timedelta(hours=1)) == []


def begin(runtime: Runtime, job_id: str) -> str:
    job = runtime.jobs.get(job_id)
    request = jobs.request_of(job)
    snapshot = market.open_pack(request, runtime, jobs.trigger_of(job_id))
    return jobs.begin(job, request, snapshot, runtime).run_id
