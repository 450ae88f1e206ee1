"""What waits for a person, and how it stands: opened with its proposal, changed in the transaction that the ledger tells of."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, false, not_, or_, select, update

from portopt.adapters.store.approval_rows import COLUMNS, approval_from, approval_row, changed
from portopt.adapters.store.clock import database_now
from portopt.adapters.store.service_tables import approvals
from portopt.adapters.store.upsert import insert_or_update
from portopt.domain.approval import OPEN, Approval, ApprovalState, Decided, Said
from portopt.domain.run import RunRecord

AWAITING = ApprovalState.AWAITING
NOTHING_SAID = Said()


def ask(connection: Connection, run: RunRecord) -> None:
    """A person is asked from now on. Asked anew, what was decided before counts no more; the ledger keeps it."""
    approval = run.approval or Approval(database_now(connection))
    insert_or_update(connection, approvals, approval_row(run.run_id, run.portfolio_id, approval), ("run_id",))


def ask_more(connection: Connection, run: RunRecord) -> None:
    """What was asked for once more departs from its policy in what it did before, and in this too."""
    there, more = get(connection, run.run_id), run.approval
    if there is None or more is None:
        return
    new = tuple(one for one in more.departures if one not in there.departures)
    if new:
        put(connection, run.run_id, dataclasses.replace(there, departures=(*there.departures, *new)))


def nobody_is_asked(connection: Connection, run_id: str) -> None:
    """It was released at once after all."""
    connection.execute(approvals.delete().where(approvals.c.run_id == run_id))


def get(connection: Connection, run_id: str) -> Approval | None:
    row = connection.execute(select(*COLUMNS).where(approvals.c.run_id == run_id)).mappings().first()
    return None if row is None else approval_from(dict(row))


def put(connection: Connection, run_id: str, approval: Approval) -> None:
    connection.execute(update(approvals).where(approvals.c.run_id == run_id).values(**changed(approval)))


def end(connection: Connection, run_id: str, state: ApprovalState, decision: str, by: str, said: Said = NOTHING_SAID) -> None:
    """It is decided, and by whom. What nobody was asked about has no row, and needs none."""
    approval = get(connection, run_id)
    if approval is not None:
        decided = Decided(decision, by, database_now(connection), said.reason, said.note)
        put(connection, run_id, dataclasses.replace(approval, state=state, decided=decided))


def supersede(connection: Connection, run_id: str, by_run: str | None = None) -> None:
    """Newer holdings, or the newer proposal that is named, took its place."""
    approval = get(connection, run_id)
    if approval is not None:
        put(connection, run_id, dataclasses.replace(approval, state=ApprovalState.SUPERSEDED, superseded_by=by_run))


def late(connection: Connection, now: datetime) -> Sequence[str]:
    """Proposals that nobody decided in time, the first that was late first."""
    wanted = select(approvals.c.run_id).where(stands(ApprovalState.EXPIRED, now), approvals.c.state == AWAITING.value)
    return list(connection.execute(wanted.order_by(approvals.c.expires_at, approvals.c.run_id)).scalars())


def stands(state: ApprovalState, now: datetime) -> ColumnElement[bool]:
    """`Approval.state_at` as a condition."""
    is_open = approvals.c.state == AWAITING.value
    is_held = and_(approvals.c.held_until.is_not(None), approvals.c.held_until > now)
    is_late = and_(approvals.c.expires_at.is_not(None), approvals.c.expires_at <= now)
    if state is ApprovalState.HELD:
        return and_(is_open, is_held)
    if state is AWAITING:
        return and_(is_open, not_(is_held), not_(is_late))
    if state is ApprovalState.EXPIRED:
        return or_(approvals.c.state == state.value, and_(is_open, not_(is_held), is_late))
    return approvals.c.state == state.value


def stand(states: Sequence[ApprovalState], now: datetime) -> ColumnElement[bool]:
    return or_(false(), *(stands(state, now) for state in states))


def is_open(approval: Approval | None, now: datetime) -> bool:
    return approval is None or approval.state_at(now) in OPEN
