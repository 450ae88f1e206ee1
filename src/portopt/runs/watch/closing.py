"""An alert about what is gone for good, closed by a person: who and why stays with it, and those who were told hear it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from portopt.domain.errors import Conflict, InvalidValue, OutsideError
from portopt.domain.watch import Alert, AlertState, Told
from portopt.monitoring.evaluation.telling import notice

if TYPE_CHECKING:
    from portopt.runtime import Runtime

MOST_WHY = 500
TRIES = 20  # against evaluations that are saved at the same moment


def close(runtime: Runtime, alert_id: str, by: str, why: str) -> Alert:
    """The alert as it ended; where it was told to fire, one notice more is owed, and saved with it.

    Raises UnknownThing; InvalidValue where no reason is given; Conflict for one that is over, and for one whose subject is
    still measured: that is not gone.
    """
    reason = why.strip()
    if not reason or len(reason) > MOST_WHY or not reason.isprintable():
        raise InvalidValue("why", why[:MOST_WHY], f"say in 1 to {MOST_WHY} characters why it is gone for good")
    for _ in range(TRIES):
        standing = runtime.alerts.standing()
        found, now = runtime.alerts.get(alert_id), runtime.alerts.now()
        _require_gone(runtime, found)
        closed = _closed(found, by, reason, now)
        told = [] if found.told is None or found.silence is not None else [notice(closed, Told.RESOLVED, None, now)]
        kept = closed.changed(told=Told.RESOLVED) if told else closed
        at = standing.evaluated_at or now
        try:
            runtime.alerts.save([kept], told, [], on=standing.version, at=at, channels=runtime.settings.channels)
        except Conflict:
            continue
        return kept
    raise OutsideError(f"alerts changed {TRIES} times while one was closed", field="alert", fixes=["try again"])


def _require_gone(runtime: Runtime, alert: Alert) -> None:
    if alert.state is AlertState.RESOLVED:
        raise Conflict(f"alert {alert.alert_id} is over", field="alert", value=alert.alert_id, fixes=["name one that is open"])
    if alert.state is AlertState.UNKNOWN or _is_of_no_book(runtime, alert):
        return
    last = f"its figures still come, the last at {alert.seen_at:%Y-%m-%d %H:%M} UTC"
    fixes = ["it ends when it is good again", "portopt alerts silence --portfolio … --reason …: nobody is told for a while"]
    said = f"alert {alert.alert_id} is of something that is there: {last}"
    raise Conflict(said, field="alert", value=alert.alert_id, fixes=fixes)


def _is_of_no_book(runtime: Runtime, alert: Alert) -> bool:
    book = alert.portfolio_id
    return book is not None and book not in {one.portfolio_id for one in runtime.run_columns.books()}


def _closed(alert: Alert, by: str, why: str, now: datetime) -> Alert:
    summary = f"closed by {by}: {why}; when it was last judged: {alert.summary}"
    return alert.changed(
        state=AlertState.RESOLVED, resolved_at=now, closed_by=by, closed_why=why, inhibited_by=None, summary=summary
    )
