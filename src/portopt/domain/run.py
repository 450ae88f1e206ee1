"""One run as it is stored: what was asked, on which pack, what came out; and the event it releases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class RunStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    INFEASIBLE = "infeasible"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    AWAITING_APPROVAL = "awaiting_approval"


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the outbox. body is exactly the JSON that leaves; key orders deliveries (the portfolio)."""

    event_id: str
    type: str
    key: str
    body: Mapping[str, Any]
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run. run_id is its content's identity (`reb-…`, `opt-…`), so the same content is the same run.

    request: the whole request as data, enough to replay. document: the deterministic answer (see reports/document).
    document_digest: SHA-256 of the document's canonical bytes; a replay must give the same.
    timings: seconds by step; not part of the document.
    """

    run_id: str
    kind: str  # "rebalance" or "optimize"
    portfolio_id: str
    status: RunStatus
    request: Mapping[str, Any]
    pricing_pack_id: str | None
    as_of: date
    created_at: datetime
    completed_at: datetime | None = None
    document: Mapping[str, Any] | None = None
    document_digest: str | None = None
    problem: Mapping[str, Any] | None = None  # the problem object of a run that failed or was infeasible
    timings: Mapping[str, float] = field(default_factory=dict)
    report_path: str | None = None
