"""`portopt worker`: jobs taken up, carried out, given back; what it does when it is told to end, and when a runner dies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from started import none_is_left, started
from submitted import opened, submitted
from support import wait_for

from portopt.domain.run import RunStatus


def test_with_once_it_carries_out_what_waits_and_ends(tmp_path: Path, prefect_server: str) -> None:
    """Two jobs of one portfolio, one that awaits a person, and one that cannot be done and says why."""
    runtime = opened(tmp_path)
    jobs = [submitted(runtime, tmp_path / "book", cash) for cash in (5000, 6000)]
    awaits = submitted(runtime, tmp_path / "book", portfolio_id="P2", approval_hours=1.0)
    refused = submitted(runtime, tmp_path / "gone", portfolio_id="P3")
    (tmp_path / "gone" / "prices.parquet").unlink()
    with started(tmp_path, "worker", "--once", "--processes", "2", PREFECT_API_URL=prefect_server) as worker:
        assert worker.process.wait(300) == 0, worker.errors.read_text()
        none_is_left(tmp_path, 5.0)
        assert {line["took"] for line in worker.said if "took" in line} == {job.job_id for job in (*jobs, awaits, refused)}
        ends = [runtime.jobs.get(job.job_id).status for job in jobs]
        assert ends == [RunStatus.SUPERSEDED, RunStatus.COMPLETED]  # the first on holdings that are not the newest any more
    assert runtime.jobs.get(awaits.job_id).status is RunStatus.AWAITING_APPROVAL
    assert runtime.runs.outbox().waiting == 0
    ended = runtime.jobs.get(refused.job_id)
    assert ended.status is RunStatus.FAILED
    assert ended.problem is not None
    assert "prices.parquet" in ended.problem["detail"]


def test_a_runner_that_is_killed_is_replaced_and_a_worker_told_to_end_finishes_what_it_has(
    tmp_path: Path, prefect_server: str
) -> None:
    """A runner is killed as soon as it says that it took the job up: the job need not wait for a lease of ten minutes.

    With the next job, it is the worker that is told to end as soon as it is taken up.
    """
    runtime = opened(tmp_path)
    settings = {"PORTOPT_LEASE_SECONDS": "600", "PORTOPT_STOP_SECONDS": "120", "PREFECT_API_URL": prefect_server}
    with started(tmp_path, "worker", **settings) as worker:
        worker.ready()
        job = submitted(runtime, tmp_path / "book", 5000)
        worker.wait_until_said("took")
        os.kill(runner_of(worker.process.pid), signal.SIGKILL)
        wait_for(lambda: runtime.jobs.get(job.job_id).is_ended, 240, "the job was not taken up again")
        ended = runtime.jobs.get(job.job_id)
        assert ended.status is RunStatus.COMPLETED
        assert ended.attempts <= 2
        assert runtime.runs.outbox().now is not None
        taken = len(worker.wait_until_said("took"))
        last = submitted(runtime, tmp_path / "book", 6000)
        worker.wait_until_said("took", taken + 1)
        assert worker.end() == 0
        none_is_left(tmp_path, 5.0)
        assert runtime.jobs.get(last.job_id).status is RunStatus.COMPLETED


def runner_of(pid: int) -> int:
    (child,) = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return child


def test_told_to_end_with_no_time_for_that_it_gives_the_job_back(tmp_path: Path, prefect_server: str) -> None:
    runtime = opened(tmp_path)
    settings = {"PORTOPT_STOP_SECONDS": "0", "PORTOPT_LEASE_SECONDS": "600", "PREFECT_API_URL": prefect_server}
    with started(tmp_path, "worker", **settings) as worker:
        worker.ready()
        job = submitted(runtime, tmp_path / "book", 5000)
        worker.wait_until_said("took")
        assert worker.end() == 0
        none_is_left(tmp_path, 5.0)
        left = runtime.jobs.get(job.job_id)
        assert left.is_ended or runtime.jobs.claim("another", 30.0) is not None
