"""What people decide about a proposal, each in one transaction: whoever comes second finds it decided, and changes nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from portopt.adapters.store import approvals, ledger, outbox, portfolios
from portopt.adapters.store.clock import database_now
from portopt.adapters.store.lifecycle import change, get_run, put_event, record
from portopt.adapters.store.models import runs
from portopt.domain.approval import Approval, ApprovalState, Decided, Said
from portopt.domain.errors import ProposalExpired
from portopt.domain.run import Event, RunRecord, RunStatus

NOTHING_SAID = approvals.NOTHING_SAID
# What the ledger calls the end of a proposal, and what stands of it then.
ENDS = {
    "rejected": ApprovalState.REJECTED,
    "expired": ApprovalState.EXPIRED,
    "cancelled": ApprovalState.CANCELLED,
    "changes_requested": ApprovalState.CHANGES_REQUESTED,
}


def release(
    connection: Connection,
    run_id: str,
    event: Event,
    by: str = ledger.NOBODY,
    said: Said = NOTHING_SAID,
    seen: int | None = None,
) -> bool:
    """The event of a run that awaited approval; True for the one caller who released it.

    What rests on other holdings than the newest is superseded instead, and what nobody decided in time is expired. What is
    held, and what was not `seen` as it stands, stays as it is; so does what more people must approve, who are counted.
    """
    run = _in_turn(connection, run_id, verified=True)
    if run.status is not RunStatus.AWAITING_APPROVAL:
        return False
    if not portfolios.rests_on_newest(connection, run):
        change(connection, run_id, RunStatus.AWAITING_APPROVAL, RunStatus.SUPERSEDED)
        approvals.supersede(connection, run_id)
        record(connection, run, "superseded")
        return False
    if expire(connection, run_id) or not _may_be_approved(connection, run, seen):
        return False
    return _approved(connection, run, by, said) and _released(connection, run, event, by)


def _may_be_approved(connection: Connection, run: RunRecord, seen: int | None) -> bool:
    if seen is not None and seen != portfolios.version(connection, run.portfolio_id):
        return False
    return run.approval is None or run.approval.state_at(database_now(connection)) is ApprovalState.AWAITING


def _approved(connection: Connection, run: RunRecord, by: str, said: Said) -> bool:
    """Whether with this one enough people have approved; whoever did so before is not counted twice."""
    there = run.approval
    if there is not None and by in there.approved_by and there.approvers > 1:
        return False
    record(connection, run, "approved", by, **_told(said))
    if there is None:
        return True
    decided = Decided("approve", by, database_now(connection), said.reason, said.note)
    now = dataclasses.replace(there, approved_by=(*there.approved_by, by), decided=decided)
    approvals.put(connection, run.run_id, now)
    return len(now.approved_by) >= now.approvers


def _released(connection: Connection, run: RunRecord, event: Event, by: str) -> bool:
    change(connection, run.run_id, RunStatus.AWAITING_APPROVAL, RunStatus.COMPLETED)
    approval = approvals.get(connection, run.run_id)
    if approval is not None:
        approvals.put(connection, run.run_id, dataclasses.replace(approval, state=ApprovalState.APPROVED, held_until=None))
    return put_event(connection, event, run, by)


def withdraw(
    connection: Connection,
    run_id: str,
    problem: Mapping[str, Any],
    kind: str = "rejected",
    by: str = ledger.NOBODY,
    said: Said = NOTHING_SAID,
) -> bool:
    """Ended as cancelled; True for the one who did. kind: what the ledger calls it, one of ENDS."""
    run = _in_turn(connection, run_id)
    if kind != "expired" and expire(connection, run_id):
        return False
    withdrawn = change(connection, run_id, RunStatus.AWAITING_APPROVAL, RunStatus.CANCELLED, problem=problem)
    if withdrawn:
        approvals.end(connection, run_id, ENDS[kind], kind, by, said)
        record(connection, run, kind, by, why=problem.get("detail"), **_told(said))
    return withdrawn


def expire(connection: Connection, run_id: str, now: datetime | None = None) -> bool:
    """Nobody deciding in time is a no; True for the one who wrote that down. Whatever else stands is left as it is."""
    run = _in_turn(connection, run_id)
    approval = run.approval
    if run.status is not RunStatus.AWAITING_APPROVAL or approval is None or approval.expires_at is None:
        return False
    if approval.state_at(now or database_now(connection)) is not ApprovalState.EXPIRED:
        return False
    return withdraw(connection, run_id, ProposalExpired(run_id, approval.expires_at).problem(), "expired")


def hold(connection: Connection, run_id: str, until: datetime, by: str, said: Said = NOTHING_SAID) -> bool:
    """Nobody approves it before then; True for the one who changed that."""
    run = _in_turn(connection, run_id)
    now = database_now(connection)
    if run.status is not RunStatus.AWAITING_APPROVAL or not approvals.is_open(run.approval, now):
        return False
    there = run.approval or Approval(run.completed_at or now)
    if until <= now or there.held_until == until:
        return False
    held = dataclasses.replace(there.held(until, now), decided=Decided("hold", by, now, said.reason, said.note, until))
    approvals.ask(connection, dataclasses.replace(run, approval=held))
    record(connection, run, "held", by, until=until, **_told(said))
    return True


def release_hold(connection: Connection, run_id: str, by: str, said: Said = NOTHING_SAID) -> bool:
    """It may be decided from now on; True for the one who lifted the hold."""
    run = _in_turn(connection, run_id)
    now, there = database_now(connection), run.approval
    if run.status is not RunStatus.AWAITING_APPROVAL or there is None or there.state_at(now) is not ApprovalState.HELD:
        return False
    decided = Decided("release_hold", by, now, said.reason, said.note)
    approvals.put(connection, run_id, dataclasses.replace(there.unheld(now), decided=decided))
    record(connection, run, "hold_released", by, **_told(said))
    return True


def _in_turn(connection: Connection, run_id: str, *, verified: bool = False) -> RunRecord:
    """The run as it is once nobody else decides about its portfolio. Raises UnknownRun."""
    portfolio_id = connection.execute(select(runs.c.portfolio_id).where(runs.c.run_id == run_id)).scalar()
    if portfolio_id is not None:
        outbox.take_turns(connection, portfolio_id)
    return get_run(connection, run_id, verified=verified)


def _told(said: Said) -> dict[str, str]:
    return {name: value for name, value in (("reason", said.reason), ("note", said.note)) if value}
