"""The life of a rebalance: begun, finished or refused, asked for again, cancelled, superseded. People's part is decisions.py.

What is kept is kept in one transaction, and each of these may be done again and changes the world once. The trace is the same
from every door. Before its prices are read a rebalance has no identity, and a refusal writes nothing. From then on it is a run:
its refusal is a failed run with its problem object, which declares no holdings, and which a later answer replaces.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portopt.analysis import Attempts
from portopt.domain.approval import ApprovalWanted
from portopt.domain.canonical import canonical_text
from portopt.domain.errors import InvalidValue, PortoptError, ProposalRejected, ProposalSuperseded, UnknownRun
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord, RunStatus
from portopt.ports import RunStore
from portopt.runs.asking import asking
from portopt.runs.events import deliver_if_possible, event_of
from portopt.runs.market import keep_pack
from portopt.runs.record import begun, completed, failed
from portopt.runs.report import keep_report

if TYPE_CHECKING:
    from portopt.runtime import Runtime

NOBODY = "portopt"  # who decided, where no person is known
ANYBODY = ApprovalWanted()


def found(run_id: str, runtime: Runtime) -> RunRecord | None:
    """The run if it is on record, its document as it stands; a store that does not exist yet is not made for the asking."""
    if not runtime.has_store:
        return None
    try:
        return runtime.runs.get(run_id, verified=False)
    except UnknownRun:
        return None


def holdings_version(request: RebalanceRequest, runtime: Runtime) -> int:
    """How often the portfolio's holdings have been declared so far: what a proposal that begins now is `since`."""
    return runtime.runs.holdings_version(request.holdings.portfolio_id) if runtime.has_store else 0


def begin(request: RebalanceRequest, snapshot: MarketSnapshot, runtime: Runtime) -> RunRecord:
    """Put the run on record; what comes back is the stored one, complete if it was done before.

    The holdings are declared with the result: what is refused supersedes nothing.
    """
    return runtime.runs.begin(begun(request, snapshot, datetime.now(UTC)))


def finish(
    begun: RunRecord,
    document: Mapping[str, Any],
    runtime: Runtime,
    *,
    since: int,
    timings: Mapping[str, float],
    await_approval: bool = False,
    wanted: ApprovalWanted | None = None,
    of_job: tuple[str, str] | None = None,
) -> RunRecord:
    """Declare the holdings and store result, projection and event in one transaction, then write the report.

    since: `holdings_version` when the question began; a run whose holdings are not the newest any more is superseded.
    await_approval: whether a person is to approve it; so one is where `wanted` says what of them.
    of_job: (job, owner), where it is worked out for a job. Raises Conflict where that is not theirs any more, or was ended.
    """
    text, awaits = canonical_text(document), await_approval or wanted is not None
    record = completed(begun, document, text, datetime.now(UTC), timings=timings, await_approval=awaits)
    if awaits:
        record = asking(record, wanted or ANYBODY)
    if persist(record, runtime.runs, since, of_job):
        record = dataclasses.replace(record, status=runtime.runs.status(begun.run_id))
        keep_report(record, runtime, text)
    else:  # another process completed it first: its record is what counts
        record = runtime.runs.get(begun.run_id)
        keep_report(record, runtime)
    return record


def persist(record: RunRecord, runs: RunStore, since: int, of_job: tuple[str, str] | None = None) -> bool:
    """Holdings, result, projection and event in one transaction; False when this run was complete already."""
    event = None if record.status is RunStatus.AWAITING_APPROVAL else event_of(record)
    return runs.complete(record, event, since=since, of_job=of_job)


def refuse(run: RunRecord, error: PortoptError, runtime: Runtime) -> None:
    """Keep why there is no proposal: the run, ended with its problem object. One that has a result is left as it is."""
    runtime.runs.fail(failed(run, error))


def refuse_if_possible(
    run: RunRecord, error: PortoptError, snapshot: MarketSnapshot, runtime: Runtime, trigger: str | None = None
) -> None:
    """The refusal and the prices it rests on; where they cannot be kept, the log says so and the refusal is what it was."""
    said = Attempts()
    said.attempt(f"the prices that {run.run_id} rests on", lambda: keep_pack(snapshot, runtime, trigger))
    said.attempt(f"the record of {run.run_id}, which was refused", lambda: refuse(run, error, runtime))
    for left in said.left_out:
        logging.getLogger(__name__).warning("%s", left.sentence)


def settle(
    stored: RunRecord,
    snapshot: MarketSnapshot,
    runtime: Runtime,
    *,
    since: int,
    trigger: str | None = None,
    await_approval: bool = False,
    wanted: ApprovalWanted | None = None,
) -> RunRecord:
    """A complete run is asked for again: everything it owes, so that a fault after its result was stored is made good."""
    keep_pack(snapshot, runtime, trigger)
    record = renewed(stored, runtime.runs, await_approval=await_approval, since=since, wanted=wanted)
    keep_report(record, runtime)
    deliver_if_possible(runtime)
    return record


def renewed(
    stored: RunRecord, runs: RunStore, *, since: int, await_approval: bool = False, wanted: ApprovalWanted | None = None
) -> RunRecord:
    """A complete run that is asked for again: its holdings are declared, its event is in the outbox if it is released."""
    if await_approval or wanted is not None:
        return runs.renew(asking(stored, wanted or ANYBODY), None, since=since)
    return runs.renew(stored, event_of(dataclasses.replace(stored, status=RunStatus.COMPLETED)), since=since)


def superseded(record: RunRecord, runtime: Runtime) -> ProposalSuperseded:
    """Why this proposal is not released."""
    version = runtime.runs.holdings_version(record.portfolio_id)
    newer = None if record.approval is None else record.approval.superseded_by
    return ProposalSuperseded(record.run_id, record.portfolio_id, version, newer)


def cancel(run_id: str, runtime: Runtime, note: str, *, by: str = NOBODY) -> RunRecord:
    """A proposal that is not wanted, or a run that was begun and never ended, ends as cancelled.

    Raises UnknownRun, and InvalidValue for a run that is at its end.
    """
    record = found(run_id, runtime)
    if record is None:
        raise UnknownRun(run_id)
    problem = ProposalRejected(f"{run_id} was cancelled: {note}", field="run", value=run_id).problem()
    withdrawn = runtime.runs.withdraw(run_id, problem, kind="cancelled", by=by)
    if not (withdrawn or runtime.runs.abandon(run_id, problem, by=by)):
        raise InvalidValue("run", run_id, f"is {record.status.value}: there is nothing to cancel")
    return runtime.runs.get(run_id, verified=False)
