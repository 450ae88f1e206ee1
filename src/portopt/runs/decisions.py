"""What people decide about a proposal: approved, to be changed, rejected, held; and what stands in the way of approving it.

One record, whoever decides and by whichever door: the store changes it once, in the transaction in which the ledger tells of
it, and what is refused here is refused with what somebody can do about it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from portopt.domain.approval import OPEN, REASONS, ApprovalState, Departure, Said
from portopt.domain.canonical import plain
from portopt.domain.errors import (
    ChangesRequested,
    InvalidValue,
    MissingInput,
    NotAllowed,
    PortoptError,
    ProposalExpired,
    ProposalHeld,
    ProposalRejected,
    UnknownRun,
)
from portopt.domain.holdings import Holdings
from portopt.domain.run import RunRecord, RunStatus
from portopt.domain.universe import CASH
from portopt.runs.departures import departures_of
from portopt.runs.events import deliver_if_possible, event_of
from portopt.runs.lifecycle import NOBODY, found, superseded

if TYPE_CHECKING:
    from portopt.runtime import Runtime

NOTHING_SAID = Said()
LONGEST_HOLD = timedelta(days=366)


def approve(
    run_id: str, runtime: Runtime, *, by: str = NOBODY, said: Said = NOTHING_SAID, seen: int | None = None
) -> RunRecord:
    """Release the event of a proposal that awaited a person; released before, it is left as it is.

    by: who approves. said: with which reason and note. seen: the version of the holdings that they looked at. Where the policy
    wants more people, the proposal still awaits them then.
    Raises UnknownRun, InvalidValue for a run that has nothing to release, ProposalSuperseded, ProposalExpired, ProposalHeld,
    ChangesRequested; MissingInput where a limit gave way or a trade was edited, and no reason or no note is said; NotAllowed
    where the policy wants another person than who proposed it.
    """
    record = _proposal(run_id, runtime)
    _require_releasable(record)
    record = runtime.runs.get(run_id)
    if record.status is RunStatus.AWAITING_APPROVAL:
        require_newest(record, runtime, seen)
        _require_decidable(record, runtime)
        _require_other_eyes(record, runtime, by)
        require_reason(record, said)
    event = event_of(dataclasses.replace(record, status=RunStatus.COMPLETED))
    runtime.runs.release(run_id, event, by=by, said=said, seen=seen)
    record = runtime.runs.get(run_id)
    require_newest(record, runtime, seen)
    _require_decidable(record, runtime)
    deliver_if_possible(runtime)
    return record


def _proposal(run_id: str, runtime: Runtime) -> RunRecord:
    """Raises UnknownRun, and InvalidValue for what proposes nothing."""
    record = found(run_id, runtime)
    if record is None:
        raise UnknownRun(run_id)
    if record.kind != "rebalance":
        raise InvalidValue("run", run_id, f"is the answer to `portopt {record.kind}`: there is no proposal to approve")
    return record


def _require_releasable(record: RunRecord) -> None:
    if record.status not in (RunStatus.AWAITING_APPROVAL, RunStatus.COMPLETED, RunStatus.SUPERSEDED):
        raise _ended(record) or InvalidValue(
            "run", record.run_id, f"is {record.status.value}: there is no proposal that awaits approval"
        )


def _require_decidable(record: RunRecord, runtime: Runtime) -> None:
    """Raises ProposalExpired, ProposalHeld, ChangesRequested for a proposal that is not to be approved now."""
    approval = record.approval
    if approval is not None and approval.state_at(datetime.now(UTC)) is ApprovalState.EXPIRED:
        runtime.runs.expire(record.run_id)
    if (error := _ended(record)) is not None:
        raise error


def _ended(record: RunRecord) -> ProposalExpired | ProposalHeld | ChangesRequested | None:
    """Why nobody approves it any more, or now."""
    approval = record.approval
    if approval is None:
        return None
    state, decided = approval.state_at(datetime.now(UTC)), approval.decided
    if state is ApprovalState.EXPIRED and approval.expires_at is not None:
        return ProposalExpired(record.run_id, approval.expires_at)
    if state is ApprovalState.HELD and approval.held_until is not None:
        return ProposalHeld(record.run_id, approval.held_until, NOBODY if decided is None else decided.by)
    if state is ApprovalState.CHANGES_REQUESTED and decided is not None:
        return ChangesRequested(record.run_id, decided.by, decided.note)
    return None


def _policy_of(record: RunRecord) -> Mapping[str, Any]:
    found: Mapping[str, Any] = record.request.get("policy") or {}
    return found


def wants_other_eyes(record: RunRecord) -> bool:
    """Whether the policy has somebody else approve than who proposed."""
    said = _policy_of(record).get("approval") or {}
    return bool(said.get("four_eyes")) or int(said.get("approvers") or 1) > 1


def _require_other_eyes(record: RunRecord, runtime: Runtime, by: str) -> None:
    """Raises NotAllowed where the policy wants four eyes, and these are those that proposed it, or nobody's that are known."""
    if not wants_other_eyes(record):
        return
    proposers = runtime.ledger.proposers(record.portfolio_id, record.run_id)
    if by != NOBODY and by not in proposers:
        return
    policy_id = _policy_of(record).get("id")
    who = "it is not known who approves it" if by == NOBODY else f"{by} proposed it"
    raise NotAllowed(
        f"{record.run_id} is for somebody else to approve: {who}, and the policy {policy_id!r} wants four eyes",
        field="approval",
        value=by,
        measured={"proposed_by": sorted(proposers)},
        fixes=["let another subject approve it, over the service, with a key of their own"],
    )


def departures(record: RunRecord) -> tuple[Departure, ...]:
    """Why approving it needs a reason: as it was put on record, and as its request and its document tell."""
    kept = () if record.approval is None else record.approval.departures
    told = departures_of(record.request, record.document or {})
    return (*kept, *(one for one in told if one not in kept))


def require_reason(record: RunRecord, said: Said) -> None:
    """Raises MissingInput where a limit gave way or a trade was edited, and the reason or the note is missing."""
    _require_known_reason(said)
    why = departures(record)
    if not why or (said.reason and said.note.strip()):
        return
    field = "reason" if not said.reason else "note"
    raise MissingInput(
        f"{record.run_id} is approved with a reason and a note: {'; '.join(one.said for one in why)}",
        field=field,
        measured={"departures": [dataclasses.asdict(one) for one in why], "reasons": dict(REASONS)},
        fixes=[f"say why: reason, one of {', '.join(REASONS)}, and a note"],
    )


def _require_known_reason(said: Said) -> None:
    if said.reason is not None and said.reason not in REASONS:
        raise InvalidValue("reason", said.reason, "is no reason that is kept", fix=f"use one of: {', '.join(REASONS)}")
    if said.reason == "other" and not said.note.strip():
        raise MissingInput("the reason other is what the note says", field="note", fixes=["write the note"])


def reject(run_id: str, runtime: Runtime, *, by: str = NOBODY, said: Said = NOTHING_SAID) -> RunRecord:
    """A person says no: the proposal ends as cancelled, and its event is never released. said: why; kept with the run.

    Raises UnknownRun, and InvalidValue for a run that awaits nobody.
    """
    _require_known_reason(said)
    problem = ProposalRejected(
        f"{run_id} was rejected: {said.note or 'rejected without a note'}", field="run", value=run_id
    ).problem()
    return _withdrawn(run_id, runtime, problem, ApprovalState.REJECTED, by, said)


def request_changes(run_id: str, runtime: Runtime, *, by: str = NOBODY, said: Said = NOTHING_SAID) -> RunRecord:
    """It is not approved as it is, and a newer proposal takes its place. said: its note is what is wanted.

    Raises UnknownRun, MissingInput without a note, and InvalidValue for a run that awaits nobody.
    """
    _require_known_reason(said)
    if not said.note.strip():
        raise MissingInput("who wants a proposal changed says what is wanted", field="note", fixes=["write it as the note"])
    problem = ChangesRequested(run_id, by, said.note).problem()
    return _withdrawn(run_id, runtime, problem, ApprovalState.CHANGES_REQUESTED, by, said)


def _withdrawn(
    run_id: str, runtime: Runtime, problem: Mapping[str, Any], state: ApprovalState, by: str, said: Said
) -> RunRecord:
    record = _proposal(run_id, runtime)
    if not runtime.runs.withdraw(run_id, problem, kind=state.value, by=by, said=said):
        record = runtime.runs.get(run_id, verified=False)
        if record.approval is None or record.approval.state is not state:
            raise _not_open(record)
    return runtime.runs.get(run_id, verified=False)


def hold(run_id: str, until: datetime, runtime: Runtime, *, by: str = NOBODY, said: Said = NOTHING_SAID) -> RunRecord:
    """Nobody approves it before then; the time that a person may take stands still meanwhile.

    Raises UnknownRun, InvalidValue for an instant that is not ahead, or further than a year, and for a run that awaits nobody.
    """
    _proposal(run_id, runtime)
    _require_known_reason(said)
    now = datetime.now(UTC)
    if not now < until <= now + LONGEST_HOLD:
        why = "is not ahead of us" if until <= now else f"is further ahead than {LONGEST_HOLD.days} days"
        raise InvalidValue("until", until.isoformat(), why, fix="name an instant ahead, as 2026-11-20T12:00:00Z")
    runtime.runs.hold(run_id, until, by=by, said=said)
    record = runtime.runs.get(run_id, verified=False)
    if not _is_open(record) or record.approval is None or record.approval.held_until != until:
        raise _not_open(record)
    return record


def release_hold(run_id: str, runtime: Runtime, *, by: str = NOBODY, said: Said = NOTHING_SAID) -> RunRecord:
    """It may be decided from now on. Raises UnknownRun, and InvalidValue for a run that nobody holds."""
    _proposal(run_id, runtime)
    _require_known_reason(said)
    if runtime.runs.release_hold(run_id, by=by, said=said):
        return runtime.runs.get(run_id, verified=False)
    record = runtime.runs.get(run_id, verified=False)
    decided = None if record.approval is None else record.approval.decided
    if _is_open(record) and decided is not None and decided.decision == "release_hold":
        return record
    if not _is_open(record):
        raise _not_open(record)
    raise InvalidValue("run", run_id, "is not held: there is no hold to lift")


def decide(
    run_id: str, decision: str, runtime: Runtime, *, by: str = NOBODY, said: Said = NOTHING_SAID, until: datetime | None = None,
    seen: int | None = None, hours: float | None = None,
) -> RunRecord:  # fmt: skip
    """One of DECISIONS. until: of a hold, or how many `hours` it lasts. seen: the version of the holdings that was looked at.

    Raises what the decision itself raises, and ProposalSuperseded where what was seen is not the newest.
    """
    if decision == "approve":
        return approve(run_id, runtime, by=by, said=said, seen=seen)
    if seen is not None:
        require_newest(_proposal(run_id, runtime), runtime, seen)
    if decision == "hold":
        if until is None and hours is None:
            raise MissingInput("a hold lasts until an instant", field="until", fixes=["name one, as 2026-11-20T12:00:00Z"])
        return hold(run_id, until or datetime.now(UTC) + timedelta(hours=hours or 0.0), runtime, by=by, said=said)
    carried_out = {"reject": reject, "request_changes": request_changes, "release_hold": release_hold}
    return carried_out[decision](run_id, runtime, by=by, said=said)


def not_released(record: RunRecord, runtime: Runtime) -> PortoptError | None:
    """Why a proposal that was decided is not released; None for one that is."""
    if record.status is RunStatus.SUPERSEDED:
        return superseded(record, runtime)
    if record.status is RunStatus.CANCELLED:
        why = str((record.problem or {}).get("detail") or f"{record.run_id} was cancelled")
        return _ended(record) or ProposalRejected(why, field="run", value=record.run_id)
    return None


def _is_open(record: RunRecord) -> bool:
    approval = record.approval
    is_open = approval is None or approval.state_at(datetime.now(UTC)) in OPEN
    return record.status is RunStatus.AWAITING_APPROVAL and is_open


def _not_open(record: RunRecord) -> PortoptError:
    """What is said to who decides about something that awaits nobody."""
    if (error := _ended(record)) is not None and not isinstance(error, ProposalHeld):
        return error
    return InvalidValue("run", record.run_id, f"is {record.status.value}: there is no proposal that awaits approval")


def require_newest(record: RunRecord, runtime: Runtime, seen: int | None = None) -> None:
    """Raises ProposalSuperseded, with what changed, where a proposal that awaits approval, or did, rests on other holdings than
    the newest, was replaced by another, or where the newest are not the version that somebody has `seen`.
    """
    if record.status not in (RunStatus.AWAITING_APPROVAL, RunStatus.SUPERSEDED):
        return
    changed = changed_holdings(record, runtime)
    is_seen = seen in (None, runtime.runs.holdings_version(record.portfolio_id))
    if record.status is RunStatus.AWAITING_APPROVAL and not changed and is_seen:
        return
    error = superseded(record, runtime)
    error.measured |= {"changed": changed}
    raise error


def changed_holdings(record: RunRecord, runtime: Runtime) -> dict[str, list[str]]:
    """What the portfolio holds otherwise now than the proposal supposes; nothing of one that is known by name only."""
    held = record.request.get("holdings")
    if not isinstance(held, Mapping) or runtime.runs.holdings_version(record.portfolio_id) == 0:
        return {}
    return difference_of_holdings(held, runtime.runs.holdings(record.portfolio_id))


def difference_of_holdings(before: Mapping[str, Any], now: Holdings) -> dict[str, list[str]]:
    """{asset or CASH: [shares then, shares now]} of what is not the same. before: as a stored request has it."""
    was = {**before.get("shares", {}), CASH: before.get("cash", "0")}
    is_now = {**{asset_id: str(n) for asset_id, n in now.shares.items()}, CASH: str(now.cash)}
    both = {a: [was.get(a, "0"), is_now.get(a, "0")] for a in sorted({*was, *is_now})}
    return {a: pair for a, pair in both.items() if Decimal(pair[0]) != Decimal(pair[1])}


def told_other_lots(before: Mapping[str, Any], now: Holdings) -> bool:
    """Whether both tell lots, or what was realized, and not the same. before: as a stored request has it."""
    was = before.get("tax")
    return was is not None and now.tax is not None and was != plain(now.tax)
