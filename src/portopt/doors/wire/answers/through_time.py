"""Backtests, walk-forwards and comparisons: asked for now, worked out by a worker, looked at until they are ended."""

from __future__ import annotations

import math

from portopt.dialects.backtest_bodies import IDS, read_body, write_job, write_line
from portopt.dialects.reading import one_of
from portopt.domain.errors import Conflict, MissingInput, UnknownRun, UnknownThing
from portopt.domain.job import Job
from portopt.domain.run import RunRecord, RunStatus
from portopt.doors.wire.answers.portfolios import known
from portopt.doors.wire.answers.runs import HTML
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.historic import question_of
from portopt.doors.wire.pages import PAGED, cursor_of, page, require_told, size_of
from portopt.doors.wire.places import place_of
from portopt.runs.submissions import AskedFor
from portopt.runs.through_time import life
from portopt.runs.through_time.submissions import submit

FIRST_GUESS = 10.0  # seconds, before any was measured
LISTS = {"backtest": "backtests", "walk_forward": "walk_forwards", "comparison": "comparisons"}


def create_backtest(asked: Asked) -> Answered:
    return _created(asked, "backtest")


def create_walk_forward(asked: Asked) -> Answered:
    return _created(asked, "walk_forward")


def create_comparison(asked: Asked) -> Answered:
    return _created(asked, "comparison")


def get_backtest(asked: Asked) -> Answered:
    return _got(asked, "backtest")


def get_walk_forward(asked: Asked) -> Answered:
    return _got(asked, "walk_forward")


def get_comparison(asked: Asked) -> Answered:
    return _got(asked, "comparison")


def backtest_report(asked: Asked) -> Answered:
    return _report(asked, "backtest")


def walk_forward_report(asked: Asked) -> Answered:
    return _report(asked, "walk_forward")


def comparison_report(asked: Asked) -> Answered:
    return _report(asked, "comparison")


def list_backtests(asked: Asked) -> Answered:
    return _listed(asked, "backtest")


def list_walk_forwards(asked: Asked) -> Answered:
    return _listed(asked, "walk_forward")


def list_comparisons(asked: Asked) -> Answered:
    return _listed(asked, "comparison")


def cancel_backtest(asked: Asked) -> Answered:
    return _cancelled(asked, "backtest")


def cancel_walk_forward(asked: Asked) -> Answered:
    return _cancelled(asked, "walk_forward")


def cancel_comparison(asked: Asked) -> Answered:
    return _cancelled(asked, "comparison")


def _created(asked: Asked, kind: str) -> Answered:
    """202 with the id to ask for."""
    asked.only()
    body, call, runtime = read_body(asked.data(), kind), asked.call, asked.runtime
    portfolio = known(asked, body.portfolio_id)
    about = AskedFor(call.who.subject, 0.0, call.correlation_id, call.idempotency_key)
    job = submit(question_of(portfolio, body, kind, runtime), body.body, runtime, about, names_its_data=body.names_its_data)
    usual = runtime.jobs.usual_seconds(kind)
    place = place_of(f"get_{kind}", **{IDS[kind]: job.job_id})
    return Answered(write_job(job, None, usual), 202, headers={"Location": place, "Retry-After": _retry_after(usual)})


def _got(asked: Asked, kind: str) -> Answered:
    """How far it is, and what came out. Until it is ended `Retry-After` says when to ask again."""
    asked.only()
    return _told(asked, _job(asked, kind))


def _told(asked: Asked, job: Job) -> Answered:
    usual = None if job.is_ended else asked.runtime.jobs.usual_seconds(job.kind)
    headers = {} if job.is_ended else {"Retry-After": _retry_after(usual)}
    return Answered(write_job(job, _run(asked, job), usual), headers=headers)


def _report(asked: Asked, kind: str) -> Answered:
    """The page of what came out, rendered from its document."""
    from portopt.runs.report import page_of

    asked.only()
    job = _job(asked, kind)
    run = _run(asked, job)
    if run is None or run.document is None:
        raise MissingInput(
            f"{job.job_id} is {job.status.value}: there is no report of it yet", field=IDS[kind], value=job.job_id,
            fixes=["ask again when it is completed"],
        )  # fmt: skip
    return Answered(page_of(run, asked.runtime).encode(), content_type=HTML)


def _listed(asked: Asked, kind: str) -> Answered:
    """The newest first, of one portfolio or of all that who asks may see."""
    asked.only("portfolio_id", "status", *PAGED)
    status, size, portfolio_id = asked.text("status"), size_of(asked), asked.text("portfolio_id")
    found = asked.runtime.jobs.list(
        asked.call.who.portfolios,
        kinds=[kind],
        portfolio_id=None if portfolio_id is None else known(asked, portfolio_id).id,
        status=None if status is None else RunStatus(one_of(status, "status", [s.value for s in RunStatus])),
        after=_cursor(asked, kind),
        limit=size + 1,
    )
    return Answered(page(LISTS[kind], found, size, write_line, lambda job: job.job_id))


def _cancelled(asked: Asked, kind: str) -> Answered:
    """What is not ended ends as cancelled. 409 for what is at its end."""
    asked.only()
    job = _job(asked, kind)
    if not life.cancel(job, asked.runtime, by=asked.call.who.subject):
        raise Conflict(f"{job.job_id} is {job.status.value}: there is nothing to cancel", field="job", value=job.job_id)
    return _told(asked, asked.runtime.jobs.get(job.job_id))


def _job(asked: Asked, kind: str) -> Job:
    """Raises UnknownThing, missing or foreign alike."""
    named = asked.call.place[IDS[kind]]
    job = _seen(asked, named, kind)
    if job is None:
        raise UnknownThing(kind.replace("_", "-"), named, field=IDS[kind])
    return job


def _seen(asked: Asked, named: str, kind: str) -> Job | None:
    try:
        job = asked.runtime.jobs.get(named)
    except UnknownThing:
        return None
    return job if job.kind == kind and asked.call.who.sees(job.portfolio_id) else None


def _cursor(asked: Asked, kind: str) -> str | None:
    given = cursor_of(asked)
    return require_told(given, given is not None and _seen(asked, given, kind) is not None)


def _run(asked: Asked, job: Job) -> RunRecord | None:
    if job.run_id is None:
        return None
    try:
        return asked.runtime.runs.get(job.run_id)
    except UnknownRun:
        return None


def _retry_after(usual: float | None) -> str:
    return str(max(1, math.ceil(min(usual or FIRST_GUESS, 60.0))))
