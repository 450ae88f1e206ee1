"""The life of a rebalance: begun, finished, asked for again, approved, cancelled, superseded.

What is kept is kept in one transaction, and each of these may be done again and changes the world once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portopt.domain.canonical import canonical_text
from portopt.domain.errors import InvalidValue, ProposalRejected, ProposalSuperseded, UnknownRun
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord, RunStatus
from portopt.ports import RunStore
from portopt.runs.events import deliver_if_possible, event_of
from portopt.runs.market import keep_market
from portopt.runs.record import begun, completed
from portopt.runs.report import with_report

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def found(run_id: str, runtime: Runtime) -> RunRecord | None:
    """The run if it is on record, its document as it stands; a store that does not exist yet is not made for the asking."""
    if not runtime.has_store:
        return None
    try:
        return runtime.runs.get(run_id, verified=False)
    except UnknownRun:
        return None


def begin(request: RebalanceRequest, snapshot: MarketSnapshot, runtime: Runtime) -> RunRecord:
    """Declare the holdings and put the run on record; what comes back is the stored one, complete if it was done before."""
    runtime.runs.save_holdings(request.holdings)
    return runtime.runs.begin(begun(request, snapshot, datetime.now(UTC)))


def finish(
    begun: RunRecord,
    document: Mapping[str, Any],
    runtime: Runtime,
    *,
    timings: Mapping[str, float],
    await_approval: bool = False,
    since: int | None = None,
) -> RunRecord:
    """Store result, projection and event in one transaction, then write the report.

    since: the version of the portfolio's holdings when the question began, where the run's own are declared only now.
    """
    text = canonical_text(document)
    record = completed(begun, document, text, datetime.now(UTC), timings=timings, await_approval=await_approval)
    folder = runtime.settings.reports_path
    if not persist(record, runtime.runs, since):  # another process completed it first: its record is what counts
        return with_report(runtime.runs.get(begun.run_id), runtime.runs, folder)
    stored = dataclasses.replace(record, status=runtime.runs.status(begun.run_id))
    return with_report(stored, runtime.runs, folder, text)


def persist(record: RunRecord, runs: RunStore, since: int | None = None) -> bool:
    """Result, projection and event in one transaction; False when this run was complete already.

    since: the version of the portfolio's holdings when the question began, where the run's own are declared with it.
    """
    event = None if record.status is RunStatus.AWAITING_APPROVAL else event_of(record)
    return runs.complete(record, event, since=since)


def settle(
    stored: RunRecord,
    snapshot: MarketSnapshot,
    runtime: Runtime,
    *,
    since: int | None = None,
    trigger: str | None = None,
    await_approval: bool = False,
) -> RunRecord:
    """A complete run is asked for again: everything it owes, so that a fault after its result was stored is made good."""
    keep_market(snapshot, runtime, trigger)
    record = renewed(stored, runtime.runs, await_approval=await_approval, since=since)
    record = with_report(record, runtime.runs, runtime.settings.reports_path)
    deliver_if_possible(runtime)
    return record


def renewed(stored: RunRecord, runs: RunStore, *, await_approval: bool = False, since: int | None = None) -> RunRecord:
    """A complete run that is asked for again: its holdings are declared, its event is in the outbox if it is released."""
    released = dataclasses.replace(stored, status=RunStatus.COMPLETED)
    return runs.renew(stored, None if await_approval else event_of(released), since=since)


def approve(run_id: str, runtime: Runtime) -> RunRecord:
    """Release the event of a proposal that awaited a person; released before, it is left as it is.

    Raises UnknownRun, ProposalSuperseded, and InvalidValue for a run that has nothing to release.
    """
    record = found(run_id, runtime)
    if record is None:
        raise UnknownRun(run_id)
    if record.kind != "rebalance":
        raise InvalidValue("run", run_id, f"is the answer to `portopt {record.kind}`: there is no proposal to approve")
    if record.status not in (RunStatus.AWAITING_APPROVAL, RunStatus.COMPLETED, RunStatus.SUPERSEDED):
        raise InvalidValue("run", run_id, f"is {record.status.value}: there is no proposal that awaits approval")
    record = runtime.runs.get(run_id)
    if record.status is not RunStatus.SUPERSEDED:
        runtime.runs.release(run_id, event_of(dataclasses.replace(record, status=RunStatus.COMPLETED)))
        record = runtime.runs.get(run_id)
    if record.status is RunStatus.SUPERSEDED:
        raise superseded(record, runtime)
    deliver_if_possible(runtime)
    return record


def superseded(record: RunRecord, runtime: Runtime) -> ProposalSuperseded:
    """Why this proposal is not released."""
    version = runtime.runs.holdings_version(record.portfolio_id)
    return ProposalSuperseded(record.run_id, record.portfolio_id, version)


def cancel(run_id: str, runtime: Runtime, note: str) -> RunRecord:
    """A proposal that is not wanted, or a run that was begun and never ended, ends as cancelled.

    Raises UnknownRun, and InvalidValue for a run that is at its end.
    """
    record = found(run_id, runtime)
    if record is None:
        raise UnknownRun(run_id)
    problem = ProposalRejected(f"{run_id} was cancelled: {note}", field="run", value=run_id).problem()
    if not (runtime.runs.withdraw(run_id, problem) or runtime.runs.abandon(run_id, problem)):
        raise InvalidValue("run", run_id, f"is {record.status.value}: there is nothing to cancel")
    return runtime.runs.get(run_id, verified=False)
