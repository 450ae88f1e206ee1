"""An approval as its row, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from portopt.adapters.store.service_tables import approvals
from portopt.domain.approval import Approval, ApprovalState, Decided, Departure
from portopt.domain.canonical import plain

PREFIX = "approval_"
COLUMNS = [column.label(f"{PREFIX}{column.name}") for column in approvals.c]  # beside those of a run


def approval_row(run_id: str, portfolio_id: str, approval: Approval) -> dict[str, Any]:
    return {"run_id": run_id, "portfolio_id": portfolio_id, **changed(approval)}


def changed(approval: Approval) -> dict[str, Any]:
    """What a decision may change of the row, and all else that it holds."""
    value = approval.value_to_trade
    return {
        "state": approval.state.value,
        "asked_at": approval.asked_at,
        "expires_at": approval.expires_at,
        "held_until": approval.held_until,
        "departures": plain(approval.departures),
        "value_to_trade": None if value is None else str(value),
        "approvers": approval.approvers,
        "approved_by": list(approval.approved_by),
        "decided": plain(approval.decided),
        "superseded_by": approval.superseded_by,
    }


def approval_from(row: Mapping[str, Any]) -> Approval | None:
    """Of a row that has COLUMNS; None where nobody was asked."""
    found = {column.name: row[f"{PREFIX}{column.name}"] for column in approvals.c}
    if found["run_id"] is None:
        return None
    value = found["value_to_trade"]
    return Approval(
        asked_at=found["asked_at"],
        state=ApprovalState(found["state"]),
        expires_at=found["expires_at"],
        held_until=found["held_until"],
        departures=tuple(Departure(**one) for one in found["departures"]),
        value_to_trade=None if value is None else Decimal(value),
        approvers=found["approvers"],
        approved_by=tuple(found["approved_by"]),
        decided=_decided(found["decided"]),
        superseded_by=found["superseded_by"],
    )


def _decided(told: Mapping[str, Any] | None) -> Decided | None:
    if told is None:
        return None
    until = told.get("until")
    at = {"at": datetime.fromisoformat(told["at"]), "until": None if until is None else datetime.fromisoformat(until)}
    return Decided(**{**told, **at})
