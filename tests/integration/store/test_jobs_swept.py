"""What a sweep makes good: jobs whose runner went silent, proposals that nobody decided on in time, and keys that grew old."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import small_book
from submitted import asked, job_of, submitted

from portopt import pipeline
from portopt.domain.errors import Conflict, InvalidValue, OutsideError, UnknownThing
from portopt.domain.job import Job, KeptReply
from portopt.domain.run import RunRecord, RunStatus
from portopt.runs import jobs, lifecycle, market
from portopt.runtime import Runtime
from portopt.settings import Settings

LATER = timedelta(hours=1)


@pytest.fixture
def runtime(url: str, tmp_path: Path) -> Runtime:
    return Runtime(Settings(home=tmp_path, database_url=url, job_attempts=2))


def now() -> datetime:
    return datetime.now(UTC)


def carried_out(runtime: Runtime, job: Job, *, meanwhile: Callable[[], Any] = lambda: None) -> RunRecord:
    """What a job's flow does, without the workflow engine."""
    request = jobs.request_of(job)
    snapshot = market.open_pack(request, runtime, jobs.trigger_of(job.job_id))
    run = jobs.begin(job, request, snapshot, runtime)
    document, _ = pipeline.work(request, snapshot, run_id=run.run_id, frontier=False)
    meanwhile()
    hours = job.approval_hours
    return jobs.finish(job, run, document, runtime, since=job.holdings_version, timings={}, await_approval=hours > 0)


def taken(runtime: Runtime) -> Job:
    job = jobs.next_job(runtime)
    assert job is not None
    return job


def test_a_job_is_taken_up_by_its_id_and_by_nobody_else_meanwhile(runtime: Runtime, tmp_path: Path) -> None:
    first, second = submitted(runtime, tmp_path, 5000), submitted(runtime, tmp_path, 6000)
    with jobs.leased(second.job_id, runtime) as job:
        assert job is not None
        assert (job.job_id, job.attempts) == (second.job_id, 1)
        with jobs.leased(second.job_id, runtime) as again:
            assert again is not None
            assert again.attempts == 1  # it is the owner's own
        assert runtime.jobs.claim("another", 30.0, job_id=second.job_id) is None
        assert taken(runtime).job_id == first.job_id
    with pytest.raises(UnknownThing), jobs.leased("job-nowhere", runtime):
        pass


def test_a_lease_is_renewed_for_as_long_as_it_is_worked_on(runtime: Runtime, tmp_path: Path) -> None:
    quick = Runtime(runtime.settings.model_copy(update={"lease_seconds": 0.6}))
    job = submitted(quick, tmp_path)
    with jobs.leased(job.job_id, quick):
        time.sleep(1.5)
        assert runtime.jobs.claim("another", 30.0) is None
    assert jobs.give_back(job.job_id, quick)
    assert runtime.jobs.claim("another", 30.0) is not None


def test_a_runner_whose_lease_was_lost_neither_begins_the_run_nor_ends_the_job(runtime: Runtime, tmp_path: Path) -> None:
    submitted(runtime, tmp_path)
    slow = taken(runtime)
    other = runtime.jobs.claim("another", 30.0, now() + LATER)
    assert other is not None
    assert other.job_id == slow.job_id
    with pytest.raises(Conflict, match="not to be done here any more"):
        carried_out(runtime, slow)
    jobs.refuse(slow, None, InvalidValue("policy", "x", "is none"), runtime)
    assert runtime.jobs.get(slow.job_id).status is RunStatus.PROCESSING
    assert not jobs.give_back(slow.job_id, runtime)


def test_a_job_that_is_cancelled_while_it_is_worked_on_releases_nothing_and_stays_cancelled(
    runtime: Runtime, tmp_path: Path
) -> None:
    submitted(runtime, tmp_path)
    job = taken(runtime)

    def cancel() -> None:
        lifecycle.cancel(str(runtime.jobs.get(job.job_id).run_id), runtime, "not wanted", by="desk")

    with pytest.raises(Conflict, match="not to be done here any more") as caught:
        carried_out(runtime, job, meanwhile=cancel)
    run = runtime.runs.get(str(runtime.jobs.get(job.job_id).run_id))
    jobs.refuse(job, run, caught.value, runtime)
    assert runtime.runs.status(run.run_id) is runtime.jobs.get(job.job_id).status is RunStatus.CANCELLED
    assert runtime.runs.outbox().waiting == 0


def test_the_result_of_a_runner_whose_lease_was_lost_is_the_other_ones_to_store(runtime: Runtime, tmp_path: Path) -> None:
    submitted(runtime, tmp_path)
    slow = taken(runtime)
    with pytest.raises(Conflict):
        carried_out(runtime, slow, meanwhile=lambda: runtime.jobs.claim("another", 30.0, now() + LATER))
    error = InvalidValue("policy", "x", "is none")
    jobs.refuse(slow, runtime.runs.get(str(runtime.jobs.get(slow.job_id).run_id)), error, runtime)
    left = runtime.jobs.get(slow.job_id)
    assert (left.status, left.owner) == (RunStatus.PROCESSING, "another")
    assert runtime.runs.status(str(left.run_id)) is RunStatus.PROCESSING


def test_what_the_outside_world_did_wrong_is_tried_again_and_is_the_end_after_the_last_attempt(
    runtime: Runtime, tmp_path: Path
) -> None:
    submitted(runtime, tmp_path)
    error = OutsideError("the market-data service does not answer")
    for attempt in (1, 2):
        job = taken(runtime)
        jobs.refuse(job, None, error, runtime)
        assert job.attempts == attempt
        assert jobs.give_back(job.job_id, runtime) is (attempt == 1)
    ended = runtime.jobs.get(job.job_id)
    assert (ended.status, ended.problem) == (RunStatus.FAILED, error.problem())


def test_a_refusal_of_the_request_is_the_jobs_end_at_once(runtime: Runtime, tmp_path: Path) -> None:
    submitted(runtime, tmp_path)
    job = taken(runtime)
    error = InvalidValue("policy", "x", "is none")
    jobs.refuse(job, None, error, runtime)
    assert runtime.jobs.get(job.job_id).problem == error.problem()
    assert jobs.next_job(runtime) is None


def test_a_job_whose_runners_go_silent_is_freed_and_given_up_after_its_attempts(runtime: Runtime, tmp_path: Path) -> None:
    quick = Runtime(runtime.settings.model_copy(update={"lease_seconds": 0.05}))
    job = submitted(quick, tmp_path)
    taken(quick)
    time.sleep(0.2)
    assert jobs.sweep(quick)["freed"] == [job.job_id]
    taken(quick)
    time.sleep(0.2)
    assert jobs.next_job(quick) is None
    assert jobs.sweep(quick)["failed"] == [job.job_id]
    ended = quick.jobs.get(job.job_id)
    assert ended.status is RunStatus.FAILED
    assert ended.problem is not None
    assert "taken up 2 times" in ended.problem["detail"]


def test_nobody_approving_in_time_is_a_no(runtime: Runtime, tmp_path: Path) -> None:
    submitted(runtime, tmp_path, approval_hours=1.0)
    job = taken(runtime)
    run = carried_out(runtime, job)
    assert run.status is runtime.jobs.get(job.job_id).status is RunStatus.AWAITING_APPROVAL
    assert jobs.sweep(runtime)["expired"] == []
    assert runtime.runs.late(now() + 2 * LATER) == [run.run_id]

    over = Runtime(runtime.settings)
    over.runs.late = lambda: [run.run_id]  # type: ignore[method-assign] # the hour is over
    over.runs.expire = lambda run_id: runtime.runs.expire(run_id, now() + 2 * LATER)  # type: ignore[method-assign]
    assert jobs.sweep(over)["expired"] == [run.run_id]
    assert jobs.sweep(runtime)["expired"] == []
    ended = runtime.jobs.get(job.job_id)
    assert ended.status is RunStatus.CANCELLED
    assert ended.problem is not None
    assert "nobody approved it until" in ended.problem["detail"]
    assert runtime.runs.outbox().waiting == 0


def test_old_idempotency_keys_are_free_again_and_others_are_not(runtime: Runtime) -> None:
    runtime.keys.reserve(reply := KeptReply("k", "desk", "propose", "0" * 64, now()))
    assert jobs.sweep(runtime)["keys_forgotten"] == 0
    assert runtime.keys.forget_old(7.0, now() + timedelta(days=6)) == 0
    assert runtime.keys.forget_old(7.0, now() + timedelta(days=8)) == 1
    assert runtime.keys.reserve(again := dataclasses.replace(reply, request_digest="1" * 64)) is again


def test_a_proposal_on_holdings_that_changed_since_it_was_asked_for_is_superseded(runtime: Runtime, tmp_path: Path) -> None:
    submitted(runtime, tmp_path, 5000)
    job = taken(runtime)
    newer = small_book.request(6000).holdings
    run = carried_out(runtime, job, meanwhile=lambda: runtime.portfolios.declare(newer, by="test"))
    assert run.status is runtime.jobs.get(job.job_id).status is RunStatus.SUPERSEDED
    assert runtime.runs.outbox().waiting == 0


def test_who_waits_is_told_where_the_database_can_tell(runtime: Runtime, tmp_path: Path) -> None:
    request = asked(tmp_path)
    runtime.portfolios.declare(request.holdings, by="test")
    waited: list[float] = []
    ready = threading.Event()

    def wait() -> None:
        runtime.jobs.wait(0.01)  # opens the connection that hears
        ready.set()
        began = time.monotonic()
        runtime.jobs.wait(20.0 if runtime.runs.database.dialect == "postgresql" else 0.3)
        waited.append(time.monotonic() - began)

    thread = threading.Thread(target=wait)
    thread.start()
    assert ready.wait(30)
    runtime.jobs.submit(job_of(runtime, request))
    thread.join(30)
    assert waited[0] < 10.0
