"""kill -9 of a runner at every step of a job's flow: the next runner ends the job, once.

The gate kills at one of each kind of moment, on SQLite: nothing is stored yet, the run is begun, its result is and is not
there, its event has left. With PORTOPT_KILLS set it is every step, and on PostgreSQL those around what the database itself
decides, a lease and the transaction of the result. (Between any two statements of either database: test_promises.)
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import warm
from faults.tried_on import ALL_KILLS, KILLS, SQLITE, stores
from integration.store.conftest import Databases, databases, postgres_url
from sqlalchemy import func, select
from started import CLI, PATIENCE
from submitted import asked, job_of, opened
from support import environment

from portopt.adapters.store import models
from portopt.adapters.store.sql import SqlStore
from portopt.domain.job import Job
from portopt.domain.run import RunStatus
from portopt.runtime import Runtime

__all__ = ["databases", "postgres_url"]  # fixtures of the store's tests
CHILD = Path(__file__).with_name("job_child.py")
LEASE = 2.0  # seconds, so that nobody waits long for the dead
EVERY = [
    ("after", "fetch"),
    ("before", "begin"),
    ("after", "begin"),
    ("after", "optimize"),
    ("after", "conclude"),
    ("before", "persist"),
    ("after", "persist"),
    ("before", "deliver"),
    ("after", "deliver"),
]
OF_EACH_KIND = [("before", "begin"), ("after", "begin"), ("before", "persist"), ("after", "persist"), ("after", "deliver")]
ON_POSTGRESQL = [("after", "begin"), ("before", "persist"), ("after", "persist")]


@dataclass(frozen=True)
class Killed:
    """What was left of each job by its first runner, and what the next one made of it."""

    runtime: Runtime
    jobs: Mapping[tuple[str, str], Job]
    exits: Mapping[tuple[str, str], int]
    left: Mapping[tuple[str, str], Job]
    resumed: int


@pytest.fixture(scope="module", params=stores(KILLS, gate=SQLITE))
def killed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, prefect_server: str) -> Iterator[Killed]:
    home = tmp_path_factory.mktemp("killed")
    if request.param == "sqlite":
        yield _killed(home, None, prefect_server, EVERY if ALL_KILLS else OF_EACH_KIND)
        return
    found: Databases = request.getfixturevalue("databases")
    with found.one() as url:
        yield _killed(home, url, prefect_server, ON_POSTGRESQL)


def _killed(home: Path, url: str | None, api: str, boundaries: list[tuple[str, str]]) -> Killed:
    runtime = opened(home, url)
    submitted = {boundary: _submitted(runtime, home, f"P{k}") for k, boundary in enumerate(boundaries)}
    variables = environment(home, api) | ({"PORTOPT_DATABASE_URL": url} if url else {})
    dying = variables | {
        "PORTOPT_LEASE_SECONDS": str(LEASE)
    }  # the next one has time enough to renew its own, however busy it is

    def die(boundary: tuple[str, str]) -> int:
        command = [sys.executable, str(CHILD), submitted[boundary].job_id, *boundary]
        return warm.run(command, env=dying, timeout=PATIENCE).returncode

    exits = {boundary: die(boundary) for boundary in boundaries}
    left = {boundary: runtime.jobs.get(job.job_id) for boundary, job in submitted.items()}
    time.sleep(LEASE)
    command = [*CLI, "worker", "--once", "--json"]
    done = subprocess.run(command, env=variables, capture_output=True, timeout=PATIENCE, check=False)
    return Killed(runtime, submitted, exits, left, done.returncode)


def _submitted(runtime: Runtime, home: Path, portfolio_id: str) -> Job:
    request = asked(home)
    request = dataclasses.replace(request, holdings=dataclasses.replace(request.holdings, portfolio_id=portfolio_id))
    runtime.portfolios.declare(request.holdings, by="test")
    return runtime.jobs.submit(job_of(runtime, request))


def test_a_job_whose_runner_was_killed_ends_once_with_one_event(killed: Killed) -> None:
    for boundary in killed.jobs:
        ended_once_with_one_event(killed, boundary)


def ended_once_with_one_event(killed: Killed, boundary: tuple[str, str]) -> None:
    assert (killed.exits[boundary], killed.resumed) == (-9, 0)
    runtime, job = killed.runtime, killed.runtime.jobs.get(killed.jobs[boundary].job_id)
    stored = boundary == ("after", "persist") or boundary[1] == "deliver"
    assert killed.left[boundary].status is (RunStatus.COMPLETED if stored else RunStatus.PROCESSING)
    assert (job.status, job.attempts) == (RunStatus.COMPLETED, 1 if stored else 2)
    assert job.run_id is not None
    assert runtime.runs.get(job.run_id).status is RunStatus.COMPLETED
    assert (rows(runtime, "rebalance_results", job), rows(runtime, "rebalance_plans", job)) == (1, 1)
    assert events_of(runtime, job.portfolio_id) == 1


def rows(runtime: Runtime, table: str, job: Job) -> int:
    found = getattr(models, table)
    return _count(runtime.runs, select(func.count()).where(found.c.rebalance_id == job.job_id))


def events_of(runtime: Runtime, portfolio_id: str) -> int:
    return _count(runtime.runs, select(func.count()).where(models.outbox.c.key == portfolio_id))


def _count(store: SqlStore, query: object) -> int:
    with store.database.reading() as connection:
        return int(connection.execute(query).scalar_one())  # type: ignore[call-overload]
