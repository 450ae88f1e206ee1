"""A proposal as it is put before a person: until when, how many of them, and why it needs a reason."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from portopt.domain.approval import Approval, ApprovalWanted
from portopt.domain.run import RunRecord
from portopt.runs.departures import departures_of


def asking(record: RunRecord, wanted: ApprovalWanted) -> RunRecord:
    """The record with what it asks of people: from now on, for as long as was given, and at most as long as its policy says."""
    policy: dict[str, Any] = (record.request.get("policy") or {}).get("approval") or {}
    document, now = record.document or {}, datetime.now(UTC)
    given = [float(hours) for hours in (wanted.hours, policy.get("hours")) if hours]
    told = departures_of(record.request, document)
    approval = Approval(
        asked_at=now,
        expires_at=now + timedelta(hours=min(given)) if given else None,
        departures=(*wanted.departures, *(one for one in told if one not in wanted.departures)),
        value_to_trade=sum((Decimal(str(trade["value"])) for trade in document.get("trades") or ()), Decimal(0)),
        approvers=int(policy.get("approvers") or 1),
    )
    return dataclasses.replace(record, approval=approval)
