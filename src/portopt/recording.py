"""What is kept of a run: its record from begun to completed, the event it releases, the one transaction."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

from portopt.domain.canonical import digest
from portopt.domain.errors import PortoptError
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import Event, RunRecord, RunStatus
from portopt.pipeline import as_read, run_identity
from portopt.ports import RunStore


def begun(request: RebalanceRequest, snapshot: MarketSnapshot, now: datetime) -> RunRecord:
    """The record of a run that has its data and starts to work."""
    from portopt.dialects.requests import rebalance_request_to_data

    return RunRecord(
        run_id=run_identity(request, snapshot),
        kind="rebalance",
        portfolio_id=request.holdings.portfolio_id,
        status=RunStatus.PROCESSING,
        request=rebalance_request_to_data(as_read(request, snapshot)),
        pricing_pack_id=snapshot.pricing_pack_id,
        as_of=snapshot.as_of,
        created_at=now,
    )


def completed(
    begun_record: RunRecord,
    document: Mapping[str, object],
    text: str,
    now: datetime,
    *,
    timings: Mapping[str, float],
    report_path: str | None,
    await_approval: bool = False,
) -> RunRecord:
    """The finished record, ready for the one transaction that stores it. text: the document's canonical one."""
    return dataclasses.replace(
        begun_record,
        status=RunStatus.AWAITING_APPROVAL if await_approval else RunStatus.COMPLETED,
        completed_at=now,
        document=document,
        document_digest=digest(text.encode()),
        timings=dict(timings),
        report_path=report_path,
    )


def failed(begun: RunRecord, error: PortoptError) -> RunRecord:
    """The record of a run that ended without a proposal, with its problem object."""
    status = RunStatus.INFEASIBLE if error.code == "infeasible" else RunStatus.FAILED
    return dataclasses.replace(begun, status=status, completed_at=datetime.now(UTC), problem=error.problem())


def event_of(outcome_record: RunRecord) -> Event:
    """`PortfolioOptimized`, in S1's words; its id comes from the run's, so a repeat is recognised everywhere."""
    from portopt.dialects.strategy import rebalance_event_body

    occurred_at = outcome_record.completed_at or datetime.now(UTC)
    event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"portopt:{outcome_record.run_id}:portfolio_optimized"))
    return Event(
        event_id=event_id,
        type="portfolio_optimized",
        key=outcome_record.portfolio_id,
        body=rebalance_event_body(outcome_record, event_id),
        occurred_at=occurred_at,
    )


def persist(record: RunRecord, runs: RunStore) -> bool:
    """Result, projection and event in one transaction; False when this run was complete already."""
    event = None if record.status is RunStatus.AWAITING_APPROVAL else event_of(record)
    return runs.complete(record, event)
