"""One key many times in two processes is one run; many jobs of one portfolio release nothing on holdings that are old.

On PostgreSQL, where processes write beside each other; PORTOPT_TEST_JOBS=50 makes it so many jobs, and on SQLite too.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import small_book
import warm
from faults.tried_on import POSTGRESQL, stores
from integration.store.conftest import Databases, databases, postgres_url
from started import PATIENCE, started
from submitted import asked, job_of, opened
from support import environment, wait_for

from portopt.domain.job import Job
from portopt.domain.run import RunStatus
from portopt.runtime import Runtime

__all__ = ["databases", "postgres_url"]  # fixtures of the store's tests

CHILD = Path(__file__).with_name("submitting_child.py")
JOBS = "PORTOPT_TEST_JOBS"
SHARE = int(os.environ.get(JOBS, "5")) // 5  # before the first change of holdings two of these, then one each


@pytest.fixture(params=stores(JOBS, gate=POSTGRESQL))
def url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    if request.param == "sqlite":
        yield None
        return
    found: Databases = request.getfixturevalue("databases")
    with found.one() as url:
        yield url


def variables(home: Path, url: str | None, **more: str) -> dict[str, str]:
    return environment(home) | ({"PORTOPT_DATABASE_URL": url} if url else {}) | more


def test_one_idempotency_key_a_hundred_times_over_two_processes_is_one_run(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, url: str | None, prefect_server: str
) -> None:
    runtime = opened(tmp_path, url)
    request = asked(tmp_path / "book")
    runtime.portfolios.declare(request.holdings, by="test")
    command = [sys.executable, str(CHILD), "50", str(tmp_path / "book"), "5000"]
    children = [warm.begin(command, tmp_path_factory.mktemp("child"), env=variables(tmp_path, url)) for _ in range(2)]
    assert [child.wait(PATIENCE) for child in children] == [0, 0]
    given = [job_id for child in children for job_id in json.loads(child.output.read_text())]
    assert len(given) == 100
    assert len(set(given)) == 1
    with started(tmp_path, "worker", "--once", **variables(tmp_path, url, PREFECT_API_URL=prefect_server)) as worker:
        assert worker.process.wait(PATIENCE) == 0, worker.errors.read_text()
    assert [run.status for run in runtime.runs.runs()] == [RunStatus.COMPLETED]
    assert [job.job_id for job in runtime.jobs.list(None)] == given[:1]


def test_of_many_jobs_of_one_portfolio_whose_holdings_change_meanwhile_none_is_released_on_old_ones(
    tmp_path: Path, url: str | None, prefect_server: str
) -> None:
    """Each on the holdings of its moment, which are declared anew three times while they are worked on."""
    runtime = opened(tmp_path, url)
    declare(runtime, 5000)
    jobs = [submit(runtime, tmp_path / "book", 5000, k) for k in range(2 * SHARE)]
    with started(tmp_path, "worker", "--processes", "2", **variables(tmp_path, url, PREFECT_API_URL=prefect_server)) as worker:
        worker.wait_until_said("ended", 1)
        for change, cash in enumerate((6000, 7000, 8000), 1):
            declare(runtime, cash)
            jobs += [submit(runtime, tmp_path / "book", cash, SHARE * (1 + change) + k) for k in range(SHARE)]
            worker.wait_until_said("ended", 1 + change)
        wait_for(lambda: all(runtime.jobs.get(job.job_id).is_ended for job in jobs), PATIENCE * SHARE / 2, "not all jobs ended")
        assert worker.end() == 0
    ended = [runtime.jobs.get(job.job_id) for job in jobs]
    assert {job.status for job in ended} <= {RunStatus.COMPLETED, RunStatus.SUPERSEDED}
    assert sum(job.status is RunStatus.COMPLETED for job in ended[-SHARE:]) == SHARE  # the newest are in force
    rests_on = {job.run_id: job.holdings_version for job in ended}
    newest, released = 0, 0
    for entry in runtime.ledger.entries("P1", limit=1000):  # in the order of their transactions
        newest = entry.body["version"] if entry.kind == "holdings" else newest
        if entry.kind == "released":
            released += 1
            assert rests_on[entry.body["run_id"]] == newest, "an event left on holdings that were old"
    assert newest == 4
    assert released == len({job.run_id for job in ended if job.status is RunStatus.COMPLETED})
    assert len({job.run_id for job in ended}) == len(ended)


def declare(runtime: Runtime, cash: int) -> None:
    runtime.portfolios.declare(small_book.request(cash).holdings, by="test")


def submit(runtime: Runtime, folder: Path, cash: int, number: int) -> Job:
    request = asked(folder, cash)
    policy = dataclasses.replace(request.policy, limits={"long_only": True, "max_weight": 0.6 + 0.001 * number})
    return runtime.jobs.submit(job_of(runtime, dataclasses.replace(request, policy=policy)))
