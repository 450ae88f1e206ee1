"""A proposal that nobody decided about in time is expired; one that a person turned down is rejected, wherever it is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portopt.adapters.jobs.orchestration import expired, rejected
from portopt.adapters.store.ledger import SqlLedger
from portopt.dialects.portfolio_jobs import approval_of
from portopt.domain.job import Job
from portopt.domain.run import RunStatus

NOW = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["expired", "rejected"])
def test_the_flows_end_is_told_as_what_it_was(store, finished, kind):
    run = finished("reb-1", status=RunStatus.AWAITING_APPROVAL)
    store.complete(run, None)
    error = expired(run, 2.0) if kind == "expired" else rejected(run, "too dear")
    assert store.withdraw("reb-1", error.problem(), kind=kind)
    job = Job("opt-1", "optimization", "P1", RunStatus.CANCELLED, {}, {}, "digest", 1, NOW, approval_hours=2.0)
    assert approval_of(job, store.get("reb-1")) == kind
    assert [entry.kind for entry in SqlLedger(store.database).entries("P1")][-1] == kind
