"""An approval as data, as it stands now: with every line of a run, by every door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

from portopt.domain.approval import Approval
from portopt.domain.canonical import plain

Instant: TypeAlias = Callable[[datetime | None], str | None]


def iso(at: datetime | None) -> str | None:
    """As the command line writes instants."""
    return None if at is None else at.astimezone(UTC).isoformat()


def told(approval: Approval | None, instant: Instant) -> dict[str, Any] | None:
    """An approval as it stands now; None where nobody was asked. instant: how the door writes one."""
    if approval is None:
        return None
    decided = approval.decided
    return {
        "state": approval.state_at(datetime.now(UTC)).value,
        "asked_at": instant(approval.asked_at),
        "expires_at": instant(approval.expires_at),
        "held_until": instant(approval.held_until),
        "needs_reason": approval.needs_reason,
        "departures": plain(approval.departures),
        "approvers": approval.approvers,
        "approved_by": list(approval.approved_by),
        "decided": None if decided is None else {**plain(decided), "at": instant(decided.at), "until": instant(decided.until)},
        "superseded_by": approval.superseded_by,
    }
