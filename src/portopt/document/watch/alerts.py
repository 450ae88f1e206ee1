"""Alerts as the document has them: what, since when, how bad, who looks after it, and who is not told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from portopt.document.watch.figures import instant
from portopt.document.watch.seen import Described
from portopt.domain.canonical import plain
from portopt.domain.watch import Alert, AlertState, Severity, Silence

SEVERITIES = tuple(severity.value for severity in (Severity.PAGE, Severity.WARN, Severity.INFO))
STATES = tuple(
    state.value for state in (AlertState.FIRING, AlertState.UNKNOWN, AlertState.PENDING, AlertState.RESOLVED)
)  # fmt: skip
OPEN = (AlertState.FIRING.value, AlertState.UNKNOWN.value)


def alert_rows(
    alerts: Sequence[Alert], silences: Sequence[Silence], catalog: Mapping[str, Described], now: datetime
) -> list[dict[str, Any]]:
    """Open ones first: by severity, those that fire before those that are unknown, the longest first."""
    rows = [_row(alert, silences, catalog, now) for alert in alerts]
    return sorted(rows, key=_place)


def _place(row: Mapping[str, Any]) -> tuple[Any, ...]:
    ended = row["state"] not in OPEN
    severity = SEVERITIES.index(row["severity"])
    return (ended, severity, STATES.index(row["state"]), row["since"], row["rule"], row["subject"])


def _row(alert: Alert, silences: Sequence[Silence], catalog: Mapping[str, Described], now: datetime) -> dict[str, Any]:
    return {
        "alert_id": alert.alert_id,
        "rule": alert.rule,
        "group": alert.group,
        "severity": alert.severity.value,
        "state": alert.state.value,
        "subject": alert.subject,
        "portfolio": alert.portfolio_id,
        "labels": dict(alert.of),
        "summary": alert.summary,
        "since": instant(alert.since),
        **{name: _maybe(getattr(alert, name)) for name in ("fired_at", "resolved_at", "good_since", "blind_since")},
        "seen_at": instant(alert.seen_at),
        "value": alert.value,
        "limit": alert.limit,
        "worst": alert.worst,
        "unit": _unit(alert, catalog),
        "figures": dict(alert.figures),
        "runbook": alert.runbook,
        "acknowledged_by": alert.acknowledged_by,
        "acknowledged_at": _maybe(alert.acknowledged_at),
        "note": alert.note,
        "inhibited_by": alert.inhibited_by,
        "closed_by": alert.closed_by,
        "closed_why": alert.closed_why,
        "silence": _silence(alert, silences, now),
        "detail": plain(dict(alert.detail)),
    }


def _unit(alert: Alert, catalog: Mapping[str, Described]) -> str:
    """Of its value: that of the figure which it is; a number where it is made of several."""
    for name, value in alert.figures.items():
        if name in catalog and (value == alert.value or len(alert.figures) == 1):
            return str(catalog[name].unit)
    return "number"


def _silence(alert: Alert, silences: Sequence[Silence], now: datetime) -> dict[str, Any] | None:
    covering = [s for s in silences if s.covers(alert.rule, alert.of, now)]
    if not covering:
        return None
    last = max(covering, key=lambda s: s.ends)
    return silence_row(last)


def silence_row(silence: Silence) -> dict[str, Any]:
    return {
        "silence_id": silence.silence_id,
        "matches": dict(silence.matches),
        "starts": instant(silence.starts),
        "ends": instant(silence.ends),
        "by": silence.by,
        "reason": silence.reason,
    }


def _maybe(at: datetime | None) -> str | None:
    return None if at is None else instant(at)
