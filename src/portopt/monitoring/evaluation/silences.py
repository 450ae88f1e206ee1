"""Which alerts are silent, and what a silence that ends has to say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from portopt.domain.watch import Alert, AlertState, Notice, Severity, Silence, Told
from portopt.monitoring.evaluation.telling import notice_id

NAMED = 200  # alerts that a summary lists; the others are counted
ORDER = (Severity.PAGE, Severity.WARN, Severity.INFO)


def under(alert: Alert, silences: Sequence[Silence], now: datetime) -> Alert:
    """The alert with the silence that covers it: the one that it is under already, else the first of them."""
    covering = [one for one in silences if not one.summarized and one.covers(alert.rule, alert.of, now)]
    kept = next((one for one in covering if one.silence_id == alert.silence), None)
    first = kept or min(covering, key=lambda one: (one.starts, one.silence_id), default=None)
    return alert.changed(silence=first.silence_id if first else None)


def ended(silences: Sequence[Silence], now: datetime) -> list[Silence]:
    """Those whose summary is due, the first to end first."""
    due = [one for one in silences if not one.summarized and one.ends <= now]
    return sorted(due, key=lambda one: (one.ends, one.silence_id))


def summary(silence: Silence, alerts: Sequence[Alert], now: datetime) -> Notice:
    """What happened under the silence, once: also of what ended under it, which nobody was told of."""
    over = [one for one in alerts if one.state is AlertState.RESOLVED]
    unknown = [one for one in alerts if one.state is AlertState.UNKNOWN]
    open_ = len(alerts) - len(over) - len(unknown)
    happened = f"{len(alerts)} alerts under it: {len(over)} ended, {open_} still firing, {len(unknown)} blind"
    text = f"The silence of {silence.by} ({silence.reason}) has ended. {happened if alerts else 'Nothing happened under it'}."
    return Notice(
        notice_id=notice_id(silence.silence_id, Told.SUMMARY),
        key=silence.silence_id,
        told=Told.SUMMARY,
        at=now,
        text=text,
        severity=min((one.severity for one in alerts), key=ORDER.index, default=Severity.INFO),
        body={
            "silence_id": silence.silence_id,
            "matches": dict(silence.matches),
            "starts": silence.starts,
            "ends": silence.ends,
            "by": silence.by,
            "reason": silence.reason,
            "ended": len(over),
            "firing": open_,
            "blind": len(unknown),
            "alerts": [_line(one) for one in alerts[:NAMED]],
            "not_listed": max(0, len(alerts) - NAMED),
        },
    )


def _line(alert: Alert) -> dict[str, object]:
    return {
        "alert_id": alert.alert_id, "rule": alert.rule, "of": dict(alert.of), "state": alert.state.value,
        "since": alert.since, "resolved_at": alert.resolved_at, "summary": alert.summary, "runbook": alert.runbook,
    }  # fmt: skip
