"""Backtests, walk-forwards and comparisons: few large pieces, each of which may run again and is worked out once."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from portopt.adapters.jobs import history_artifacts
from portopt.adapters.jobs.orchestration import outside_only, trigger_id
from portopt.analysis import Attempts
from portopt.domain.errors import OutsideError
from portopt.domain.job import THROUGH_TIME, Job
from portopt.domain.market import MarketSnapshot
from portopt.domain.run import RunRecord
from portopt.doors.history_form import HistoryForm, resolve
from portopt.questions.through_time import pieces
from portopt.runs import jobs
from portopt.runs.through_time import life
from portopt.runs.through_time.question import Question
from portopt.runs.through_time.submissions import accepted
from portopt.runtime import runtime

BACKOFF = exponential_backoff(2)


@task(cache_policy=NO_CACHE, retries=3, retry_delay_seconds=[2, 5, 15], retry_condition_fn=outside_only)
def resolve_form(form: HistoryForm, job: Job | None) -> Question:
    """What the job asks; without one, what the form says. What cannot be worked out again is refused here."""
    return accepted(resolve(form, runtime())) if job is None else life.question_of(job)


@task(
    cache_policy=NO_CACHE, retries=4, retry_delay_seconds=exponential_backoff(5), retry_jitter_factor=0.5,
    retry_condition_fn=outside_only, timeout_seconds=600,
)  # fmt: skip
def fetch(question: Question, job: Job | None) -> MarketSnapshot:
    """Every price there is; what is resumed, a run or a job, reopens the pack it began with."""
    return pieces.open_pack(question, runtime(), trigger_id() if job is None else jobs.trigger_of(job.job_id))


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def begin(job: Job | None, question: Question, snapshot: MarketSnapshot) -> RunRecord:
    """Put the run on record, and the job with it; a run that was completed before comes back complete."""
    return life.begin(job, question, snapshot, runtime())


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def missing(run_id: str) -> tuple[tuple[str, ...], ...]:
    """The pieces that nobody has finished yet, by rounds."""
    return pieces.missing(run_id, runtime())


@task(
    cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only, persist_result=False,
    task_run_name="{piece}",
)  # fmt: skip
def work(run_id: str, piece: str) -> str:
    """One piece: a function of two names, in whatever process."""
    return pieces.work(run_id, piece, runtime())


@task(cache_policy=NO_CACHE, retries=4, retry_delay_seconds=BACKOFF, retry_condition_fn=outside_only)
def conclude(job: Job | None, run: RunRecord, seconds: float) -> RunRecord:
    """The document, its page, and the job's end."""
    return life.finish(job, run, pieces.conclude(run.run_id, runtime()), {"work": seconds}, runtime())


def tell(job: Job | None, done: int, of: int, said: str, seconds_left: float | None) -> None:
    """How far it is, in the job's row and in the user interface. Raises Conflict where it was cancelled.

    No task: it would cost as much as many a piece.
    """
    with contextlib.suppress(OutsideError):  # a store that does not answer now is told the next time
        life.tell(job, 100.0 * done / of, said, seconds_left, runtime())
    Attempts().attempt("the progress of the run", lambda: history_artifacts.progress(done, of, said, seconds_left))


@task(cache_policy=NO_CACHE)
def publish(run: RunRecord) -> None:
    """The artifacts of the run; what cannot be shown is on record all the same."""
    Attempts().attempt("the artifacts of the run", lambda: history_artifacts.publish(run, runtime().settings.public_url))


def leased(job_id: str) -> AbstractContextManager[Job | None]:
    """The job for as long as it is worked on; None where another has it, or it is at its end."""
    return jobs.leased(job_id, runtime(), kinds=THROUGH_TIME)
