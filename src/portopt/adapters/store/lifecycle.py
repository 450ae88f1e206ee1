"""A run's rows within one transaction: begun, ended, released, read back; and its status where S2's tables repeat it."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from portopt.adapters.store import approvals, described, ledger, models, outbox, portfolios, projection
from portopt.adapters.store.approval_rows import COLUMNS as OF_APPROVAL
from portopt.adapters.store.clock import database_now
from portopt.adapters.store.endings import end_jobs, require_worked_on, run_ended
from portopt.adapters.store.records import fits, holdings_of_version, result_row, run_from, run_row
from portopt.adapters.store.service_tables import approvals as asked_of_people
from portopt.adapters.store.service_tables import jobs
from portopt.adapters.store.upsert import insert_new
from portopt.domain.access import asker
from portopt.domain.errors import DataError, UnknownRun
from portopt.domain.run import Event, RunRecord, RunStatus

UNREADABLE = (ValueError, TypeError, KeyError, zlib.error)  # what is left of JSON, or of what was folded, once bytes are lost


def insert_run(connection: Connection, run: RunRecord) -> bool:
    """The run, its portfolio by name, and what was asked: all of them only if they are not there. True when they were not."""
    now = database_now(connection)
    # Looked up first: to be refused by its key, a request of thousands of assets would be written out and folded once more.
    there = select(models.runs.c.run_id).where(models.runs.c.run_id == fits("run_id", run.run_id))
    is_there = connection.execute(there).first() is not None
    if is_there or not insert_new(connection, models.runs, {**run_row(run), "recorded_at": now}):
        again = update(models.runs).where(models.runs.c.run_id == run.run_id, models.runs.c.status.in_(UNFINISHED))
        connection.execute(again.values(recorded_at=now))
        return False
    insert_new(connection, models.portfolios, {"id": run.portfolio_id})
    for table, row in projection.asked_rows(run):
        insert_new(connection, table, row)
    return True


UNFINISHED = (RunStatus.PENDING.value, RunStatus.PROCESSING.value)


def get_run(connection: Connection, run_id: str, *, verified: bool = True) -> RunRecord:
    """Raises UnknownRun; DataError for a document that is not the one that was stored, unless it need not be `verified`.

    What cannot be read of a document at all is then an empty one.
    """
    runs, results = models.runs, models.run_results
    wanted = (
        select(runs, results.c.document_digest, *OF_APPROVAL).join(results, isouter=True).join(asked_of_people, isouter=True)
    )
    row = connection.execute(wanted.where(runs.c.run_id == run_id)).mappings().first()
    if row is None:
        raise UnknownRun(run_id)
    document = None if row["document_digest"] is None else _document(connection, run_id, verified)
    run = run_from(dict(row), document, row["document_digest"])
    if verified and not run.is_whole:
        raise changed_document(run_id)
    return run


def status_of(connection: Connection, run_id: str) -> RunStatus:
    """Raises UnknownRun."""
    found = connection.execute(select(models.runs.c.status).where(models.runs.c.run_id == run_id)).scalar()
    if found is None:
        raise UnknownRun(run_id)
    return RunStatus(found)


def _document(connection: Connection, run_id: str, verified: bool) -> Mapping[str, Any]:
    results = models.run_results
    try:
        found = connection.execute(select(results.c.document).where(results.c.run_id == run_id)).scalar_one()
    except UNREADABLE:
        found = None
    if isinstance(found, Mapping):
        return found
    if verified:
        raise changed_document(run_id)
    return {}


def changed_document(run_id: str) -> DataError:
    return DataError(
        f"the stored document of {run_id} is not the one that was stored: its SHA-256 has changed",
        field="run",
        value=run_id,
        fixes=[f"`portopt replay {run_id} --mend` works it out again from its pricing pack and puts it back"],
    )


def complete(
    connection: Connection, run: RunRecord, event: Event | None, since: int | None, of_job: tuple[str, str] | None = None
) -> bool:
    """Result, projection and event; False, and nothing written, when it was completed already.

    since: the version of the portfolio's holdings when the run's own were given, to be declared now; None where they were
    declared before. A run whose holdings are not the newest any more is superseded, and its event is not released.
    of_job: which job it is worked out for, and by whom. Raises Conflict where the job is not theirs any more, or was ended.
    """
    result = result_row(run)
    outbox.take_turns(connection, run.portfolio_id)
    if of_job is not None:
        require_worked_on(connection, *of_job)
    # What declares no holdings is at once what it ends as; else the holdings declared with a proposal would supersede it too.
    at_once = "holdings" not in run.request
    is_new = insert_run(
        connection, run if at_once else dataclasses.replace(run, status=RunStatus.PROCESSING, completed_at=None)
    )
    if not insert_new(connection, models.run_results, result):
        return False
    if not _on_newest(connection, run, since):
        run, event = dataclasses.replace(run, status=RunStatus.SUPERSEDED), None
    if not (at_once and is_new):
        set_status(connection, run, problem=None)
    if run.pricing_pack_id is not None:
        manifest = result["document"].get("pricing_pack", {})
        insert_new(connection, models.pricing_packs, {"id": run.pricing_pack_id, "manifest": manifest})
    for table, row in projection.decided_rows(run):
        connection.execute(table.insert(), row)
    if run.status is RunStatus.AWAITING_APPROVAL:
        approvals.ask(connection, run)
    record(connection, run, _PROPOSED if run.status is not RunStatus.SUPERSEDED else "superseded")
    _release(connection, run, event)
    return True


def fail(connection: Connection, run: RunRecord, *, unless: Sequence[RunStatus]) -> None:
    """The run's end without a result. One that has a result, whatever became of it, is left as it is."""
    insert_run(connection, run)
    results = models.run_results.c.run_id
    if connection.execute(select(results).where(results == run.run_id)).first() is None:
        set_status(connection, run, unless=unless, problem=run.problem)


def renew(connection: Connection, run: RunRecord, event: Event | None, since: int | None) -> None:
    """A run that is complete is asked for again: what is owed of it is done. event: None where a person must approve first.

    One that was superseded, whose holdings are the newest again, counts again.
    """
    outbox.take_turns(connection, run.portfolio_id)
    status = status_of(connection, run.run_id)
    if _on_newest(connection, run, since):
        if status is RunStatus.SUPERSEDED:
            run = dataclasses.replace(run, status=RunStatus.AWAITING_APPROVAL if event is None else RunStatus.COMPLETED)
            change(connection, run.run_id, RunStatus.SUPERSEDED, run.status)
            approvals.nobody_is_asked(connection, run.run_id) if event is not None else approvals.ask(connection, run)
            record(connection, run, _PROPOSED)
            _release(connection, run, event)
        elif status is RunStatus.AWAITING_APPROVAL:
            approvals.ask_more(connection, run)
            _record_maker(connection, run)
        elif status is RunStatus.COMPLETED and event is not None:
            put_event(connection, event, run)
    end_jobs(connection, run.run_id, status_of(connection, run.run_id))


def _on_newest(connection: Connection, run: RunRecord, since: int | None) -> bool:
    held = run.request.get("holdings")
    if since is None or not isinstance(held, Mapping):
        return portfolios.rests_on_newest(connection, run)
    row = {"id": run.portfolio_id, **{name: held[name] for name in ("currency", "cash", "shares")}}
    declared = portfolios.Declared.of(holdings_of_version(run.portfolio_id, held))
    if not portfolios.declare(connection, row, since, declared):
        return False
    described.keep(connection, run)
    return True


def _release(connection: Connection, run: RunRecord, event: Event | None) -> None:
    """The event of a run that stands, which takes the place of those that wait for a person still."""
    if run.status is not RunStatus.SUPERSEDED and run.kind == "rebalance":
        portfolios.supersede_waiting(connection, run.portfolio_id, but=run.run_id)
    if event is not None:
        put_event(connection, event, run)


def put_event(connection: Connection, event: Event, run: RunRecord, by: str = ledger.NOBODY) -> bool:
    """The run's event into the outbox, once; False where it was there."""
    is_new = outbox.put(connection, event, run.run_id)
    if is_new:
        record(connection, run, "released", by, event_id=event.event_id)
    return is_new


def abandon(connection: Connection, run_id: str, problem: Mapping[str, Any], by: str = ledger.NOBODY) -> bool:
    """A run that was begun and never ended, ended as cancelled; True for the one who did."""
    run = get_run(connection, run_id, verified=False)
    outbox.take_turns(connection, run.portfolio_id)
    abandoned = _end_unfinished(connection, run_id, RunStatus.CANCELLED, problem)
    if abandoned:
        record(connection, run, "cancelled", by, why=problem.get("detail"))
    return abandoned


def give_up(connection: Connection, run_id: str, problem: Mapping[str, Any]) -> bool:
    """A run that nobody works on any more, ended as failed; a later answer replaces that. True where it was not ended."""
    return _end_unfinished(connection, run_id, RunStatus.FAILED, problem)


def _end_unfinished(connection: Connection, run_id: str, status: RunStatus, problem: Mapping[str, Any]) -> bool:
    ended = [change(connection, run_id, RunStatus(old), status, problem=problem) for old in UNFINISHED]
    return any(ended)


_PROPOSED = "proposed"


def _record_maker(connection: Connection, run: RunRecord) -> None:
    """Who asks for a proposal that waits already made it too."""
    if (who := asker()) and who not in ledger.proposers(connection, run.portfolio_id, run.run_id):
        record(connection, run, _PROPOSED, who)


def record(connection: Connection, run: RunRecord, kind: str, by: str | None = None, **told: Any) -> None:
    """What was decided about a proposal, with what it rests on; answers to other questions decide nothing."""
    if run.kind != "rebalance":
        return
    rests_on = {"document_sha256": run.document_digest, "pricing_pack_id": run.pricing_pack_id} if kind == _PROPOSED else {}
    who = by if by is not None else _for_whom(connection, run.run_id)
    ledger.append(connection, run.portfolio_id, kind, who, {"run_id": run.run_id, **rests_on, **told})


def _for_whom(connection: Connection, run_id: str) -> str:
    """Who asks now; else who asked for the work that the run is of."""
    asked = select(jobs.c.asked_by).where(jobs.c.run_id == run_id).order_by(jobs.c.created_at).limit(1)
    return asker() or connection.execute(asked).scalar() or ledger.NOBODY


def change(connection: Connection, run_id: str, old: RunStatus, new: RunStatus, **values: Any) -> bool:
    """From one status to another, if it is the one that stands there when the lock is ours."""
    runs = models.runs
    changed = update(runs).where(runs.c.run_id == run_id, runs.c.status == old.value)
    if connection.execute(changed.values(status=new.value, **values)).rowcount == 0:
        return False
    run_ended(connection, run_id, new)
    return True


def set_status(connection: Connection, run: RunRecord, *, unless: Sequence[RunStatus] = (), problem: Any) -> None:
    """The run's end. `unless` is checked on the row as it is when the lock is ours, so a race cannot undo a completion."""
    runs = models.runs
    ended = update(runs).where(runs.c.run_id == run.run_id, runs.c.status.not_in([status.value for status in unless]))
    values = {"status": run.status.value, "completed_at": run.completed_at, "problem": problem, "timings": dict(run.timings)}
    if connection.execute(ended.values(**values)).rowcount:
        run_ended(connection, run.run_id, run.status)
