"""S2: what is worked out later, and the rebalance that is worked out at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from portopt.dialects.books import instant
from portopt.dialects.names import in_s2_words
from portopt.dialects.portfolio_jobs import status_of, write_job, write_rebalance, write_submitted
from portopt.dialects.reading import one_of, required
from portopt.dialects.submissions import Submission, infeasible_in_words_of, read_submission
from portopt.domain.errors import Conflict, InvalidValue, UnknownRun, UnknownThing
from portopt.domain.job import OF_A_BOOK, Job
from portopt.domain.request import Policy
from portopt.domain.run import RunRecord, RunStatus
from portopt.doors.wire.answers.portfolios import known
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.pages import PAGED, cursor_of, page, require_told, size_of
from portopt.doors.wire.places import place_of
from portopt.doors.wire.standing import request_of
from portopt.runs import lifecycle
from portopt.runs.submissions import AskedFor, submit

if TYPE_CHECKING:
    from portopt.runtime import Runtime

FIRST_GUESS = 2.0  # seconds, before any was measured
LEAST = 1e-3  # seconds: a deadline that is over is one of no more than this


def create(asked: Asked) -> Answered:
    """202 with the id to ask for."""
    asked.only()
    submission = read_submission(asked.data(), "optimization")
    portfolio_id = str(required(submission.body, "portfolio_id"))
    return _submitted(asked, submission, "optimization", portfolio_id)


def rebalance(asked: Asked) -> Answered:
    """S2's plan in the same answer; with `Prefer: respond-async` 202 with the id to ask for."""
    from portopt.questions.rebalance import rebalance as proposed

    asked.only()
    portfolio = known(asked)
    submission = read_submission(asked.data(), "rebalance")
    if "respond-async" in asked.call.prefer:
        return _submitted(asked, submission, "rebalance", portfolio.id)
    if submission.approval_hours > 0:
        fix = "send Prefer: respond-async, and ask for the id that comes back"
        raise InvalidValue("approval_hours", submission.approval_hours, "is for what is answered later", fix=fix)
    request = request_of(portfolio, submission, asked.runtime)
    require_hours(request.policy, 0.0)
    with in_s2_words(), infeasible_in_words_of(submission.body):
        run = proposed(request, asked.runtime, within=max(asked.until.left(), LEAST) if asked.until.is_set else None)
    if run.status is RunStatus.SUPERSEDED:
        raise lifecycle.superseded(run, asked.runtime)
    return Answered(write_rebalance(run), timings=dict(run.timings))


def _submitted(asked: Asked, submission: Submission, kind: str, portfolio_id: str) -> Answered:
    portfolio, call = known(asked, portfolio_id), asked.call
    request = request_of(portfolio, submission, asked.runtime)
    require_hours(request.policy, submission.approval_hours)
    job = submit(
        kind,
        submission.body,
        request,
        portfolio.version,
        asked.runtime,
        AskedFor(call.who.subject, submission.approval_hours, call.correlation_id, call.idempotency_key),
        names_its_data=submission.names_its_data,
    )
    usual = asked.runtime.jobs.usual_seconds(kind)
    headers = {
        "Location": place_of("get_optimization", optimization_id=job.job_id),
        "Retry-After": _retry_after(usual),
        **({"Preference-Applied": "respond-async"} if "respond-async" in call.prefer else {}),
    }
    return Answered(write_submitted(job, usual), 202, headers=headers)


def require_hours(policy: Policy, hours: float) -> None:
    """Raises InvalidValue for what nobody would be asked about, where the policy wants a second person."""
    if policy.wants_four_eyes and hours <= 0:
        fix = "give approval_hours above 0, with Prefer: respond-async where it is a rebalance"
        raise InvalidValue("approval_hours", hours, f"is too few: the policy {policy.id!r} wants four eyes", fix=fix)


def get(asked: Asked) -> Answered:
    """How far it is, and the proposal once it is there. Until then `Retry-After` says when to ask again."""
    asked.only()
    return _told(asked, _job(asked))


def listed(asked: Asked) -> Answered:
    """The newest first, of one portfolio or of all that who asks may see."""
    asked.only("portfolio_id", "status", *PAGED)
    status, size = asked.text("status"), size_of(asked)
    portfolio_id = asked.text("portfolio_id")
    found = asked.runtime.jobs.list(
        asked.call.who.portfolios,
        kinds=OF_A_BOOK,
        portfolio_id=None if portfolio_id is None else known(asked, portfolio_id).id,
        status=None if status is None else RunStatus(one_of(status, "status", [s.value for s in RunStatus])),
        after=_cursor(asked),
        limit=size + 1,
    )
    return Answered(page("optimizations", found, size, job_line, lambda job: job.job_id))


def cancel(asked: Asked) -> Answered:
    """What is not ended ends as cancelled; a proposal that awaits approval too. 409 for what is at its end."""
    asked.only()
    job, runtime, who = _job(asked), asked.runtime, asked.call.who.subject
    if not _cancelled(job, runtime, who):
        raise Conflict(f"{job.job_id} is {job.status.value}: there is nothing to cancel", field="job", value=job.job_id)
    return _told(asked, runtime.jobs.get(job.job_id))


def _cancelled(job: Job, runtime: Runtime, who: str) -> bool:
    """Whether there was something to cancel: the run that it became, or the job before it was one."""
    note = f"{who} cancelled it"
    if job.run_id is None:
        return runtime.jobs.fail(job.job_id, Conflict(note, field="job", value=job.job_id).problem(), RunStatus.CANCELLED)
    try:
        lifecycle.cancel(job.run_id, runtime, note, by=who)
    except InvalidValue:
        return False
    return True


def _told(asked: Asked, job: Job) -> Answered:
    usual = None if job.is_ended else asked.runtime.jobs.usual_seconds(job.kind)
    headers = {} if job.is_ended else {"Retry-After": _retry_after(usual)}
    return Answered(write_job(job, _run(asked, job), usual), headers=headers)


def _job(asked: Asked) -> Job:
    """Raises UnknownThing, missing or foreign alike."""
    named = asked.call.place["optimization_id"]
    job = _seen(asked, named)
    if job is None:
        raise UnknownThing("optimization", named, field="optimization_id")
    return job


def _cursor(asked: Asked) -> str | None:
    given = cursor_of(asked)
    return require_told(given, given is not None and _seen(asked, given) is not None)


def _seen(asked: Asked, named: str) -> Job | None:
    try:
        job = asked.runtime.jobs.get(named)
    except UnknownThing:
        return None
    return job if job.kind in OF_A_BOOK and asked.call.who.sees(job.portfolio_id) else None


def _run(asked: Asked, job: Job) -> RunRecord | None:
    if job.run_id is None:
        return None
    try:
        return asked.runtime.runs.get(job.run_id)
    except UnknownRun:
        return None


def job_line(job: Job) -> dict[str, object]:
    """One of a list."""
    about = {"id": job.job_id, "kind": job.kind, "portfolio_id": job.portfolio_id, "status": status_of(job, None)}
    return {**about, "created_at": instant(job.created_at), "run_id": job.run_id, "request_hash": job.request_digest}


def _retry_after(usual: float | None) -> str:
    return str(max(1, math.ceil(usual or FIRST_GUESS)))
