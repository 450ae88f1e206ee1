"""What is owed to those who listen: the difference between what an alert is and what was said of it last.

Nothing is said twice, because what was said is part of the alert, and both are saved at once or not at all.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from portopt.domain.canonical import canonical_json, digest
from portopt.domain.watch import Alert, AlertState, Notice, Severity, Told
from portopt.monitoring.rules.durations import in_words


def notice_id(about: str, told: Told, since: datetime | None = None) -> str:
    """The same thing has the same id: a receiver that got it already drops it."""
    return f"notice-{digest(canonical_json([about, told.value, since.isoformat() if since else None]))[:20]}"


def owed(alert: Alert) -> Told | None:
    """What is to be said of an alert that is not silent, if anything."""
    told = alert.told
    if alert.state is AlertState.FIRING:
        return Told.FIRING if told is None else Told.SEEING if told is Told.BLIND else None
    if alert.state is AlertState.UNKNOWN:
        return Told.BLIND if told is not Told.BLIND else None
    if alert.state is AlertState.RESOLVED:
        return Told.RESOLVED if told not in (None, Told.RESOLVED) else None
    return None


def notice(alert: Alert, told: Told, was_blind: datetime | None, now: datetime) -> Notice:
    """was_blind: since when it had been, for one that is seen again; an episode may lose its figures more than once."""
    since = {Told.BLIND: alert.blind_since, Told.SEEING: was_blind}.get(told)
    about = ", ".join(value for _, value in alert.of) or alert.group
    said = {
        Told.FIRING: f"{alert.summary} Since {clock(alert.since)}.",
        Told.RESOLVED: f"Over after {in_words(now - alert.since)}: {alert.summary}",
        Told.BLIND: f"No figures since {clock(alert.blind_since or now)}; it fired, and nobody knows whether it still would:"
                    f" {alert.summary}",
        Told.SEEING: f"Figures again, and it still fires: {alert.summary}",
    }  # fmt: skip
    return Notice(
        notice_id=notice_id(alert.alert_id, told, since),
        key=key_of(alert),
        told=told,
        at=now,
        text=f"[{told.value}] {alert.rule} ({about}): {said[told]}",
        severity=alert.severity,
        alert=alert,
    )


def key_of(alert: Alert) -> str:
    """One for all episodes of a rule and subject, so that they are told in order; short whatever the subject is called."""
    return f"watch-{digest(canonical_json([alert.rule, alert.subject]))[:20]}"


def late(since: datetime, now: datetime, held: int) -> Notice:
    """Nothing was evaluated for so long. held: alerts that stood meanwhile."""
    return Notice(
        notice_id=notice_id("watch", Told.LATE, since),
        key="watch",
        told=Told.LATE,
        at=now,
        text=f"[late] Nothing was evaluated from {clock(since)} to {clock(now)} ({in_words(now - since)}); "
        f"{held} alerts have kept their state.",
        severity=Severity.WARN,
        body={"from": since, "to": now, "seconds": (now - since) / timedelta(seconds=1), "alerts": held},
    )


def clock(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
