"""What was done: runs, their documents, reports and reasons, the same again from what is stored, and what changed between."""

from __future__ import annotations

from collections.abc import Mapping

from portopt.dialects.books import instant
from portopt.dialects.reading import one_of
from portopt.domain.approval import ApprovalState
from portopt.domain.errors import MissingInput, UnknownRun, UnknownThing
from portopt.domain.job import THROUGH_TIME
from portopt.domain.run import RunRecord, RunStatus
from portopt.doors.wire.answers.portfolios import known
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.pages import PAGED, cursor_of, page, require_told, size_of
from portopt.runs import history
from portopt.runs.approval_told import told
from portopt.runs.choices import chosen_from
from portopt.runs.report import page_of

HTML = "text/html; charset=utf-8"
ZIP = "application/zip"


def listed(asked: Asked) -> Answered:
    """The newest first; of a portfolio, a kind, a status, an approval, of some days."""
    asked.only("portfolio_id", "kind", "status", "approval", "since", "until", *PAGED)
    approval = asked.text("approval")
    portfolio_id, kind, status, size = asked.text("portfolio_id"), asked.text("kind"), asked.text("status"), size_of(asked)
    found = asked.runtime.runs.runs(
        portfolio_id=None if portfolio_id is None else known(asked, portfolio_id).id,
        among=asked.call.who.portfolios,
        kind=None if kind is None else one_of(kind, "kind", history.KINDS),
        status=None if status is None else RunStatus(one_of(status, "status", [s.value for s in RunStatus])),
        since=asked.instant("since"),
        until=asked.instant("until"),
        approval=() if approval is None else (ApprovalState(one_of(approval, "approval", [s.value for s in ApprovalState])),),
        after=cursor_of_run(asked),
        limit=size + 1,
    )
    chosen = chosen_from([run.run_id for run in found], asked.runtime)
    return Answered(page("runs", found, size, lambda run: run_line(run, chosen.get(run.run_id)), lambda run: run.run_id))


def get(asked: Asked) -> Answered:
    """One run: how it ended, on which data, and its headline."""
    asked.only()
    run = run_of(asked)
    is_open = run.status in (RunStatus.PENDING, RunStatus.PROCESSING)
    line = run_line(run, chosen_from([run.run_id], asked.runtime).get(run.run_id))
    return Answered(line, headers={"Retry-After": "1"} if is_open else {})


def document(asked: Asked) -> Answered:
    """The deterministic answer, in its canonical bytes. They are written once, and are what the digest is held against."""
    asked.only()
    run = run_of(asked)
    written = asked.runtime.runs.written(run.run_id)
    if written is None:
        raise _without_document(run)
    return Answered(written)


def report(asked: Asked) -> Answered:
    """The page of a rebalance, a backtest or a walk-forward, rendered from its document."""
    asked.only()
    run = _with_document(asked)
    if run.kind not in THROUGH_TIME:
        history.require_rebalance(run)
    return Answered(page_of(run, asked.runtime).encode(), content_type=HTML)


def explain(asked: Asked) -> Answered:
    asked.only()
    return Answered(history.explain(run_of(asked).run_id, asked.runtime))


def replay(asked: Asked) -> Answered:
    """Worked out again from the stored request and pack, and compared byte for byte."""
    asked.only()
    return Answered(history.replay(run_of(asked).run_id, asked.runtime))


def bundle(asked: Asked) -> Answered:
    """The run as an archive that works elsewhere, without secrets."""
    from portopt.runs.bundle import bundle as bundled

    asked.only()
    run = _with_document(asked)
    headers = {"Content-Disposition": f'attachment; filename="{run.run_id}.zip"'}
    return Answered(bundled(run, asked.runtime), content_type=ZIP, headers=headers)


def compare(asked: Asked) -> Answered:
    """What changed in data and decision from one run to another."""
    asked.only()
    first, second = run_of(asked), run_of(asked, "other")
    for run in (first, second):
        history.require_rebalance(run)
    return Answered(history.packs_difference(first.run_id, second.run_id, asked.runtime))


def run_of(asked: Asked, name: str = "run_id", *, verified: bool = False) -> RunRecord:
    """The run that the path names, by its own id or by that of the job that it was, with its headline alone where its document
    need not be `verified`. Raises UnknownThing, missing or foreign alike; DataError for a damaged document.
    """
    return run_named(asked, asked.call.place[name], name, verified=verified)


def run_named(asked: Asked, named: str, field: str = "run_id", *, verified: bool = False) -> RunRecord:
    """The same of one that stands elsewhere. field: where, for refusals."""
    found = _seen(asked, named, verified)
    if found is None:
        raise UnknownThing("run", named, field=field)
    return found


def _seen(asked: Asked, named: str, verified: bool = False) -> RunRecord | None:
    """Raises DataError for a damaged document only where who asks may see it."""
    found = _found(asked, named)
    if found is None or not asked.call.who.sees(found.portfolio_id):
        return None
    return asked.runtime.runs.get(found.run_id) if verified else found


def cursor_of_run(asked: Asked) -> str | None:
    """The run that ended the page before. Raises InvalidValue for one that who asks may not have seen."""
    given = cursor_of(asked)
    last = None if given is None else _seen(asked, given)
    return require_told(given, last is not None and last.run_id == given)


def _found(asked: Asked, named: str) -> RunRecord | None:
    runtime = asked.runtime
    if not runtime.has_store:
        return None
    try:
        return runtime.runs.line(named)
    except UnknownRun:
        pass
    try:
        became = runtime.jobs.get(named).run_id
        return None if became is None else runtime.runs.line(became)
    except (UnknownRun, UnknownThing):
        return None


def _with_document(asked: Asked) -> RunRecord:
    """The run, its document as it was stored. Who may not see it learns nothing of its document's state."""
    run = run_of(asked)
    if run.document_digest is None:
        raise _without_document(run)
    return run_of(asked, verified=True)


def _without_document(run: RunRecord) -> MissingInput:
    return MissingInput(f"{run.run_id} has no document: it is {run.status.value}", field="run_id", value=run.run_id)


def run_line(run: RunRecord, chosen: Mapping[str, object] | None = None) -> dict[str, object]:
    """chosen: which choice it came from, where it came from one."""
    headline = (run.document or {}).get("headline") or {}
    return {
        "run_id": run.run_id,
        "kind": run.kind,
        "portfolio_id": run.portfolio_id,
        "policy": history.policy_of(run),
        "status": run.status.value,
        "approval": told(run.approval, instant),
        "as_of": run.as_of.isoformat(),
        "pricing_pack_id": run.pricing_pack_id,
        "created_at": instant(run.created_at),
        "completed_at": instant(run.completed_at),
        "document_digest": run.document_digest,
        "headline": dict(headline),
        "seconds": dict(run.timings),
        "problem": run.problem,
        "chosen_from": chosen,
    }
