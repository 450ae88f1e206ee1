"""Alerts, silences and notices as JSON, and alerts back: what the store keeps, what the doors show, what a receiver is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue
from portopt.domain.watch import Alert, AlertState, Figure, Notice, Severity, Silence, Told

INSTANTS = ("since", "seen_at", "fired_at", "resolved_at", "good_since", "blind_since", "acknowledged_at")
OPEN = (AlertState.FIRING, AlertState.UNKNOWN)
SAME = (
    "alert_id", "rule", "group", "value", "limit", "worst", "figures", "summary", "runbook", "acknowledged_by", "note",
    "silence", "detail",
)  # fmt: skip
SINCE_LATER = ("inhibited_by", "closed_by", "closed_why")  # what alerts of earlier versions do not have


def alert_data(alert: Alert) -> dict[str, Any]:
    """Every field, instants as text in UTC, labels as an object."""
    return {
        **{name: plain(getattr(alert, name)) for name in (*SAME, *SINCE_LATER)},
        "severity": alert.severity.value,
        "state": alert.state.value,
        "of": dict(alert.of),
        "told": None if alert.told is None else alert.told.value,
        **{name: _written(getattr(alert, name)) for name in INSTANTS},
    }


def alert_from(data: Mapping[str, Any]) -> Alert:
    """The alert that `alert_data` wrote, equal to it."""
    fields: dict[str, Any] = {name: data[name] for name in SAME} | {name: _read(data[name]) for name in INSTANTS}
    fields |= {name: data.get(name) for name in SINCE_LATER}
    told = data["told"]
    return Alert(
        **fields,
        severity=Severity(data["severity"]),
        state=AlertState(data["state"]),
        of=tuple(sorted(data["of"].items())),
        told=None if told is None else Told(told),
    )


def silence_data(silence: Silence) -> dict[str, Any]:
    return {
        "silence_id": silence.silence_id,
        "matches": dict(silence.matches),
        "starts": _written(silence.starts),
        "ends": _written(silence.ends),
        "by": silence.by,
        "reason": silence.reason,
        "summarized": silence.summarized,
    }


def notice_data(notice: Notice) -> dict[str, Any]:
    """What is sent: the same bytes each time, so that a repeat is a repeat.

    notice_id: by it a receiver drops repeats. key: notices of one key come in order.
    """
    return {
        "notice_id": notice.notice_id,
        "key": notice.key,
        "told": notice.told.value,
        "at": _written(notice.at),
        "severity": notice.severity.value,
        "text": notice.text,
        "alert": None if notice.alert is None else alert_data(notice.alert),
        **({"more": plain(notice.body)} if notice.body else {}),
    }


def figure_data(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "of": dict(figure.of),
        "at": _written(figure.at),
        "value": figure.value,
        "limit": figure.limit,
        "why": figure.why,
        "detail": plain(figure.detail),
        **({} if figure.spread is None else {"spread": plain(figure.spread)}),
    }


def states_of(given: Sequence[str] | None) -> tuple[AlertState, ...]:
    """The states that are named; those of open alerts where none is. Raises InvalidValue."""
    for name in given or ():
        if name not in list(AlertState):
            raise InvalidValue("state", name, f"is no state: {', '.join(AlertState)}")
    return tuple(map(AlertState, given)) if given else OPEN


def _written(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _read(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
