"""What a run of the watch leaves in Prefect's user interface: the alerts that are open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from prefect.artifacts import create_table_artifact

from portopt.domain.watch import Alert

KEY = "alerts"


def publish(alerts: Sequence[Alert], now: datetime) -> None:
    """A table, a row an alert; one that says so where there is none."""
    said = f"{len(alerts)} open as of {now:%Y-%m-%d %H:%M} UTC" if alerts else f"Nothing open as of {now:%Y-%m-%d %H:%M} UTC"
    create_table_artifact(list(alert_rows(alerts)), key=KEY, description=said)


def alert_rows(alerts: Sequence[Alert]) -> Iterator[dict[str, str]]:
    """What, whom it is of, since when, how bad; pages first, then the oldest."""
    order = {"page": 0, "warn": 1, "info": 2}
    for alert in sorted(alerts, key=lambda one: (order[one.severity.value], one.since, one.alert_id)):
        yield {
            "severity": alert.severity.value,
            "state": alert.state.value,
            "rule": alert.rule,
            "of": ", ".join(f"{name} {value}" for name, value in alert.of),
            "since": f"{alert.since:%Y-%m-%d %H:%M} UTC",
            "what": alert.summary,
            "looked after by": alert.acknowledged_by or "",
            "runbook": alert.runbook,
            "alert": alert.alert_id,
        }
