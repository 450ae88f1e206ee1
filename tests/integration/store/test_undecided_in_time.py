"""A proposal that nobody decided about in time is expired; one that a person turned down is rejected, wherever it is told."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from portopt.adapters.store.ledger import SqlLedger
from portopt.dialects.portfolio_jobs import approval_of
from portopt.domain.approval import Approval
from portopt.domain.errors import ProposalExpired, ProposalRejected
from portopt.domain.job import Job
from portopt.domain.run import RunStatus

NOW = datetime(2026, 11, 30, tzinfo=UTC)
LATE = Approval(NOW, expires_at=NOW + timedelta(hours=2))


@pytest.mark.parametrize("is_asked", [True, False], ids=["as it is kept now", "as it was kept"])
@pytest.mark.parametrize("kind", ["expired", "rejected"])
def test_the_end_of_a_proposal_is_told_as_what_it_was(store, finished, kind, is_asked):
    run = finished("reb-1", status=RunStatus.AWAITING_APPROVAL)
    store.complete(dataclasses.replace(run, approval=Approval(NOW)), None)
    expired = ProposalExpired("reb-1", NOW)
    error = expired if kind == "expired" else ProposalRejected("too dear", field="run", value="reb-1")
    assert store.withdraw("reb-1", error.problem(), kind=kind)
    job = Job("opt-1", "optimization", "P1", RunStatus.CANCELLED, {}, {}, "digest", 1, NOW, approval_hours=2.0)
    found = store.get("reb-1")
    assert approval_of(job, found if is_asked else dataclasses.replace(found, approval=None)) == kind
    assert [entry.kind for entry in SqlLedger(store.database).entries("P1")][-1] == kind


def test_what_is_late_ends_once_and_is_neither_released_nor_rejected_any_more(store, finished, event):
    store.complete(dataclasses.replace(finished("reb-1", status=RunStatus.AWAITING_APPROVAL), approval=LATE), None)
    assert store.late(NOW) == []
    assert store.late() == ["reb-1"]
    assert store.release("reb-1", event("e1")) is False
    assert store.withdraw("reb-1", {"code": "rejected"}) is False
    assert [store.expire("reb-1"), store.late()] == [False, []]
    found = store.get("reb-1")
    assert (found.status, found.approval.state) == (RunStatus.CANCELLED, "expired")
    assert found.problem["measured"]["expired_at"] == "2026-11-30T02:00:00Z"
    assert [entry.kind for entry in SqlLedger(store.database).entries("P1")].count("expired") == 1
