"""Alerts and notices that tests make up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portopt.dialects.alerts import notice_data
from portopt.domain.run import Event
from portopt.domain.watch import Alert, AlertState, Notice, Severity, Told, alert_id_of, labels

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def alert(book: str = "P1", since: datetime = NOW, rule: str = "drift", state: AlertState = AlertState.FIRING) -> Alert:
    """Of a book; of the service where there is none."""
    of = labels(portfolio=book) if book else labels()
    return Alert(
        alert_id_of(rule, of, since), rule, "books", Severity.PAGE, of, state, since, since + HOUR, 0.07, 0.05, 0.09,
        {"book_drift": 0.07}, f"{book} drifts by 7 %", "book-drift", fired_at=since + HOUR,
    )  # fmt: skip


def notice(of: Alert, told: Told = Told.FIRING, number: int = 0) -> Notice:
    return Notice(f"notice-{of.alert_id[6:]}-{told}-{number}", f"watch-{of.subject}", told, NOW, of.summary, of.severity, of)


def notice_event(of: Alert, channel: str, told: Told = Told.FIRING) -> Event:
    """As the outbox hands it out."""
    one = notice(of, told)
    return Event(f"{channel}:{one.notice_id}", f"alert_{told}", f"{channel}:{one.key}", notice_data(one), one.at)
