"""What is kept and what is announced: each of these may run again and changes the world once."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from portopt import pipeline
from portopt.adapters.jobs import artifacts
from portopt.adapters.jobs.orchestration import outside_only
from portopt.analysis import Attempts
from portopt.domain.errors import PortoptError
from portopt.domain.job import Job
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord, RunStatus
from portopt.pipeline import Solved
from portopt.runs import decisions, events, jobs, lifecycle
from portopt.runtime import runtime

BACKOFF = exponential_backoff(2)


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def holdings_version(request: RebalanceRequest, job: Job | None) -> int:
    """The version of the portfolio's holdings as the question begins: a job began when it was asked for."""
    return lifecycle.holdings_version(request, runtime()) if job is None else job.holdings_version


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def begin(job: Job | None, request: RebalanceRequest, snapshot: MarketSnapshot) -> RunRecord:
    """Put the run on record, and the job with it; a run that was completed before comes back complete."""
    return jobs.begin(job, request, snapshot, runtime())


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def persist(
    job: Job | None, run: RunRecord, document: dict[str, Any], answer: Solved, since: int, await_approval: bool
) -> RunRecord:
    """Report, result, projection and outbox row, and the job's end."""
    timings = pipeline.timings_of(answer)
    return jobs.finish(job, run, document, runtime(), since=since, timings=timings, await_approval=await_approval)


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def settle(run: RunRecord, snapshot: MarketSnapshot, since: int, await_approval: bool) -> RunRecord:
    """A run that was complete before: everything it owes still."""
    return lifecycle.settle(run, snapshot, runtime(), since=since, await_approval=await_approval)


@task(cache_policy=NO_CACHE)
def superseded(run: RunRecord) -> PortoptError:
    """Why the proposal is not released, and shown."""
    error = lifecycle.superseded(run, runtime())
    artifacts.publish_problem(error)
    return error


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def emit_events() -> int:
    """Let the relay empty the outbox."""
    return events.deliver(runtime())


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def release(run: RunRecord) -> RunRecord:
    """Release the event of an approved proposal."""
    return decisions.approve(run.run_id, runtime())


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def record_refusal(job: Job | None, run: RunRecord | None, error: PortoptError) -> None:
    """Keep why there is no proposal: with the job, and with the run once there is one."""
    jobs.refuse(job, run, error, runtime())


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def sweep() -> dict[str, Any]:
    """What runners that died left behind, and what is past its time."""
    return jobs.sweep(runtime())


@task(cache_policy=NO_CACHE)
def publish_problem(error: PortoptError) -> None:
    """Show why there is no proposal."""
    artifacts.publish_problem(error)


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def withdraw(run: RunRecord, error: PortoptError, kind: str) -> bool:
    """A proposal that is not released stays on record as cancelled; False when somebody released it meanwhile.

    kind: rejected or expired, for the ledger.
    """
    if not runtime().runs.withdraw(run.run_id, error.problem(), kind=kind):
        return runtime().runs.get(run.run_id).status is RunStatus.CANCELLED
    artifacts.publish_problem(error)
    return True


@task(cache_policy=NO_CACHE)
def publish(run: RunRecord) -> None:
    """The artifacts of the run; what cannot be shown is on record all the same."""
    Attempts().attempt("the artifacts of the run", lambda: artifacts.publish(run, runtime().settings.public_url))


@task(cache_policy=NO_CACHE)
def report_progress(percent: float, said: str) -> None:
    """How far the run has come."""
    Attempts().attempt("the progress of the run", lambda: artifacts.progress(percent, said))
