"""The life of a run that goes through time: begun on its prices, told how far it is, ended once.

Nothing is decided about a portfolio: no holdings are declared, and no event leaves.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portopt.analysis import Attempts
from portopt.domain.canonical import canonical_text, digest, plain
from portopt.domain.errors import Conflict, InvalidValue, PortoptError
from portopt.domain.job import Job
from portopt.domain.market import MarketSnapshot
from portopt.domain.run import RunRecord, RunStatus
from portopt.runs import answers, jobs, lifecycle
from portopt.runs.report import keep_report
from portopt.runs.through_time.history import keep_history
from portopt.runs.through_time.question import Question, question_from_data, question_to_data

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def question_of(job: Job) -> Question:
    """What a job asks, whole."""
    return question_from_data(job.request)


def begin(job: Job | None, question: Question, snapshot: MarketSnapshot, runtime: Runtime) -> RunRecord:
    """The run on record, complete where it was done before; the job is this run from now on.

    Raises Conflict where the job is another's by now, or was ended.
    """
    run = runtime.runs.begin(begun(question, snapshot, datetime.now(UTC)))
    if job is not None and not runtime.jobs.became(job.job_id, run.run_id, owner=jobs.owner()):
        raise Conflict(f"{job.job_id} is not to be done here any more", field="job", value=job.job_id)
    return run


def begun(question: Question, snapshot: MarketSnapshot, now: datetime) -> RunRecord:
    """The record of a run that has its data and starts to work."""
    return RunRecord(
        run_id=question.run_id(snapshot),
        kind=question.kind,
        portfolio_id=question.portfolio_id,
        status=RunStatus.PROCESSING,
        request=question_to_data(question),
        pricing_pack_id=snapshot.pricing_pack_id,
        as_of=snapshot.as_of,
        created_at=now,
    )


def keep(question: Question, document: Mapping[str, Any], snapshot: MarketSnapshot, runtime: Runtime | None = None) -> bool:
    """An answer that whoever asked has worked out at once: the run that it is, ended, with its prices and its tables.

    False where there is no store. The same question with the same answer is one record, whichever door it came through; an
    answer that cannot be kept is given all the same.
    """
    from portopt.runtime import runtime as this_process

    if runtime is None and answers.nothing_is_kept_here():
        return False
    store = runtime or this_process()
    if not store.has_store:
        return False
    said = Attempts()
    said.attempt("the record of the answer", lambda: _keep(question, document, snapshot, store))
    for left in said.left_out:
        logging.getLogger(__name__).warning("%s", left.sentence)
    return True


def _keep(question: Question, document: Mapping[str, Any], snapshot: MarketSnapshot, runtime: Runtime) -> None:
    run = begun(question, snapshot, datetime.now(UTC))
    told = dataclasses.replace(_ended(run, document, {}), run_id=document["run_id"])
    runtime.packs.put(snapshot)
    runtime.runs.complete_all([(told, None)])
    keep_history(told, runtime)


def _ended(run: RunRecord, document: Mapping[str, Any], timings: Mapping[str, float]) -> RunRecord:
    told = plain(document)
    text = canonical_text(told)
    return dataclasses.replace(
        run, status=RunStatus.COMPLETED, completed_at=datetime.now(UTC), document=told,
        document_digest=digest(text.encode()), problem=None, timings=dict(timings),
    )  # fmt: skip


def tell(job: Job | None, percent: float, said: str, seconds_left: float | None, runtime: Runtime) -> None:
    """How far it is, in the job's row. Raises Conflict where the job is another's by now, or was ended: stop."""
    if job is None:
        return
    told = {"percent": percent, "said": said, "seconds_left": seconds_left}
    if not runtime.jobs.tell(job.job_id, jobs.owner(), told):
        raise Conflict(f"{job.job_id} is not to be done here any more", field="job", value=job.job_id)


def finish(
    job: Job | None, run: RunRecord, document: Mapping[str, Any], timings: Mapping[str, float], runtime: Runtime
) -> RunRecord:
    """Result and status in one transaction, the job's end with it; then the page, and the pieces are let go.

    Raises Conflict where the job is another's by now, or was ended: who cancelled it is not overruled.
    """
    ended = _ended(run, document, timings)
    of_job = None if job is None else (job.job_id, jobs.owner())
    if not runtime.runs.complete(ended, None, of_job=of_job):
        ended = runtime.runs.get(run.run_id)  # another process completed it first: its record is what counts
    keep_report(ended, runtime)
    keep_history(ended, runtime)
    runtime.pieces.forget(run.run_id)
    return ended


def refuse(job: Job | None, run: RunRecord | None, error: PortoptError, runtime: Runtime) -> None:
    """Why there is no answer is kept, as of a rebalance: with the run where there is one, and of the job it is the end."""
    jobs.refuse(job, run, error, runtime)


def cancel(job: Job, runtime: Runtime, *, by: str) -> bool:
    """End what is not wanted: the run that it became, or the job before it was one; False where it is at its end."""
    note = f"{by} cancelled it"
    if job.run_id is not None and not job.is_ended:
        with contextlib.suppress(InvalidValue):  # it failed before, and this job asked for it again
            lifecycle.cancel(job.run_id, runtime, note, by=by)
            return True
    return runtime.jobs.fail(job.job_id, Conflict(note, field="job", value=job.job_id).problem(), RunStatus.CANCELLED)
