"""What is kept and what is announced: each of these may run again and changes the world once."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from portopt import pipeline
from portopt.adapters.jobs import artifacts
from portopt.adapters.jobs.awaiting import Waits
from portopt.adapters.jobs.orchestration import Approval, of_values, outside_only
from portopt.analysis import Attempts
from portopt.domain.approval import ApprovalWanted, Said
from portopt.domain.errors import PortoptError, RequestError
from portopt.domain.job import Job
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord
from portopt.pipeline import Solved
from portopt.runs import approvals, decisions, events, jobs, lifecycle
from portopt.runtime import runtime

BACKOFF = exponential_backoff(2)


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def holdings_version(request: RebalanceRequest, job: Job | None) -> int:
    """The version of the portfolio's holdings as the question begins: a job began when it was asked for."""
    return lifecycle.holdings_version(request, runtime()) if job is None else job.holdings_version


@of_values
@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def begin(job: Job | None, request: RebalanceRequest, snapshot: MarketSnapshot) -> RunRecord:
    """Put the run on record, and the job with it; a run that was completed before comes back complete."""
    return jobs.begin(job, request, snapshot, runtime())


@of_values
@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def persist(job: Job | None, run: RunRecord, document: dict[str, Any], answer: Solved, since: int, hours: float) -> RunRecord:
    """Report, result, projection and outbox row, and the job's end. hours: how long a person may take; 0 asks nobody."""
    timings = pipeline.timings_of(answer)
    awaits = hours > 0
    return jobs.finish(job, run, document, runtime(), since=since, timings=timings, await_approval=awaits, hours=hours)


@of_values
@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def settle(run: RunRecord, snapshot: MarketSnapshot, since: int, hours: float) -> RunRecord:
    """A run that was complete before: everything it owes still."""
    return lifecycle.settle(run, snapshot, runtime(), since=since, wanted=ApprovalWanted(hours) if hours > 0 else None)


@of_values
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


def waits(run: RunRecord) -> Waits | None:
    """For what a proposal waits, and until when; None once it does not. No task: it is asked every few seconds."""
    said = approvals.waits(run.run_id, runtime())
    return None if said is None else Waits(*said)


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def decide(run: RunRecord, answer: Approval) -> str:
    """What a person answered, on record; why it was not taken, where it was not."""
    try:
        decisions.decide(run.run_id, answer.decision, runtime(), said=Said(answer.reason, answer.note), hours=answer.hold_hours)
    except RequestError as refusal:
        return refusal.detail
    return ""


@of_values
@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def decided(run: RunRecord) -> RunRecord:
    """The proposal as it stands, whoever decided about it."""
    return runtime().runs.get(run.run_id)


@of_values
@task(cache_policy=NO_CACHE)
def not_released(run: RunRecord) -> PortoptError | None:
    """Why the proposal is not released, and shown; None where it is."""
    error = decisions.not_released(run, runtime())
    if error is not None:
        artifacts.publish_problem(error)
    return error


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


@of_values
@task(cache_policy=NO_CACHE)
def publish(run: RunRecord) -> None:
    """The artifacts of the run; what cannot be shown is on record all the same."""
    Attempts().attempt("the artifacts of the run", lambda: artifacts.publish(run, runtime().settings.public_url))


@task(cache_policy=NO_CACHE)
def report_progress(percent: float, said: str) -> None:
    """How far the run has come."""
    Attempts().attempt("the progress of the run", lambda: artifacts.progress(percent, said))
