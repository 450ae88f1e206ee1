"""Alerts, silences and the notices that they cause, in the store: one transaction an evaluation, on the version that it saw.

Everything that changes an alert or a silence counts `watch_state.version` up. Of two evaluations that began alike one is saved;
the other hears of it and starts again, on what holds now. The row's lock is held until the transaction ends: notices are
numbered in the order in which evaluations were saved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, or_, select, update

from portopt.adapters.store import outbox, shard_locks
from portopt.adapters.store.clock import database_now
from portopt.adapters.store.deliveries import SqlDeliveries
from portopt.adapters.store.engine import Database
from portopt.adapters.store.models import outbox as outbox_rows
from portopt.adapters.store.notice_rows import put_notices
from portopt.adapters.store.upsert import insert_new, insert_or_update_all
from portopt.adapters.store.watch_tables import alerts, silences, watch_state
from portopt.dialects.alerts import alert_data, alert_from
from portopt.domain.access import restricted_to
from portopt.domain.errors import Conflict, InvalidValue, UnknownThing
from portopt.domain.run import Outbox
from portopt.domain.watch import Alert, AlertState, Notice, Silence, Standing

STANDING = (AlertState.PENDING, AlertState.FIRING, AlertState.UNKNOWN)
MOST_SUBJECT = 300


class SqlAlerts:
    """Implements ports.AlertStore. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> datetime:
        """The store's clock: evaluations on several machines have one."""
        with self._database.reading() as connection:
            return database_now(connection)

    # --- evaluation: of every portfolio, whoever asks -----------------------------------------------------------------

    def standing(self) -> Standing:
        """What the next evaluation starts from."""
        with restricted_to(None), self._database.reading() as connection:
            # First: what is saved meanwhile is seen or not, and either way the version says that it was.
            version, evaluated_at = connection.execute(select(watch_state.c.version, watch_state.c.evaluated_at)).one()
            # With those that ended under a silence which is not summarized yet: its summary tells of them.
            due = select(silences.c.silence_id).where(silences.c.summarized == 0)
            standing = select(alerts.c.body).where(or_(alerts.c.state.in_(STANDING), alerts.c.silence_id.in_(due)))
            found = [alert_from(body) for body in connection.execute(standing.order_by(alerts.c.alert_id)).scalars()]
            silent = select(silences).where(silences.c.summarized == 0).order_by(silences.c.silence_id)
            return Standing(version, evaluated_at, tuple(found), _silences(connection.execute(silent)))

    def save(self, alerts_changed: Sequence[Alert], notices: Sequence[Notice], silences_changed: Sequence[Silence], *, on: int,
             at: datetime, channels: Sequence[str]) -> int:  # fmt: skip
        """What an evaluation changed, and an outbox row for each notice and channel; returns the new version.

        One that ended before it fired is kept nowhere. Raises Conflict, and writes nothing, where another was saved since.
        """
        with restricted_to(None), self._database.writing() as connection:
            _count_up(connection, on=on, evaluated_at=at)
            over = [{"of_id": a.alert_id} for a in alerts_changed if _never_fired(a)]
            if over:
                never = delete(alerts).where(alerts.c.alert_id == bindparam("of_id"))
                connection.execute(never, over)
            rows = [_alert_row(alert) for alert in alerts_changed if not _never_fired(alert)]
            insert_or_update_all(connection, alerts, rows, ("alert_id",))
            insert_or_update_all(connection, silences, [_silence_row(one) for one in silences_changed], ("silence_id",))
            put_notices(connection, notices, channels)
        return on + 1

    # --- what people see and do ---------------------------------------------------------------------------------------

    def get(self, alert_id: str) -> Alert:
        """Raises UnknownThing."""
        with self._database.reading() as connection:
            return _alert(connection, alert_id)

    def list(self, among: frozenset[str] | None, *, states: Collection[AlertState] | None = None, rule: str | None = None,
             portfolio_id: str | None = None, after: str | None = None, limit: int = 50) -> Sequence[Alert]:  # fmt: skip
        """Newest first, after an alert's id; among: portfolios, None is every alert, the service's too."""
        wanted = select(alerts.c.body).order_by(alerts.c.since.desc(), alerts.c.alert_id.desc()).limit(limit)
        seen: list[Any] = [] if among is None else [alerts.c.portfolio_id.in_(among)]
        if states is not None:
            seen.append(alerts.c.state.in_(states))
        asked = {"rule": rule, "portfolio_id": portfolio_id}
        seen += [alerts.c[name] == value for name, value in asked.items() if value is not None]
        if after is not None:
            # One that is not seen is no place to go on from: it would tell that it is there, and since when.
            last = select(alerts.c.since).where(alerts.c.alert_id == after, *seen[: among is not None]).scalar_subquery()
            seen.append(or_(alerts.c.since < last, and_(alerts.c.since == last, alerts.c.alert_id < after)))
        with self._database.reading() as connection:
            return [alert_from(body) for body in connection.execute(wanted.where(*seen)).scalars()]

    def acknowledge(self, alert_id: str, by: str, note: str = "") -> Alert:
        """Somebody looks after it; who did so last stands. Raises UnknownThing; Conflict for one that is over."""
        with self._database.writing() as connection:
            _count_up(connection)
            found = _alert(connection, alert_id)
            if found.state is AlertState.RESOLVED:
                raise Conflict(f"alert {alert_id} is over", field="alert", value=alert_id, fixes=["name one that is open"])
            noted = found.changed(acknowledged_by=by, acknowledged_at=database_now(connection), note=note)
            insert_or_update_all(connection, alerts, [_alert_row(noted)], ("alert_id",))
            return noted

    def silence(self, silence: Silence) -> Silence:
        """From the next evaluation on; the same one again is the one that is there."""
        with self._database.writing() as connection:
            _count_up(connection)
            insert_new(connection, silences, _silence_row(silence))
            return _silence_of(connection, silence.silence_id)

    def end_silence(self, silence_id: str, at: datetime) -> Silence:
        """It ends now instead of later; its summary comes with the next evaluation. Raises UnknownThing."""
        with self._database.writing() as connection:
            _count_up(connection)
            found = _silence_of(connection, silence_id)
            if at < found.ends:
                ended = update(silences).where(silences.c.silence_id == silence_id)
                connection.execute(ended.values(ends=max(at, found.starts)))
            return _silence_of(connection, silence_id)

    def silences(self, *, at: datetime | None = None) -> Sequence[Silence]:
        """All of them, or those in force at an instant; by their beginning."""
        wanted = select(silences).order_by(silences.c.starts, silences.c.silence_id)
        if at is not None:
            wanted = wanted.where(silences.c.starts <= at, silences.c.ends > at)
        with self._database.reading() as connection:
            return _silences(connection.execute(wanted))

    def counts(self) -> Mapping[AlertState, int]:
        counted = select(alerts.c.state, func.count()).group_by(alerts.c.state)
        with self._database.reading() as connection:
            found: dict[str, int] = {row[0]: row[1] for row in connection.execute(counted)}
        return {state: found.get(state, 0) for state in AlertState}

    # --- the notices of a channel -------------------------------------------------------------------------------------

    def deliveries(self, channel: str) -> SqlDeliveries:
        """The notices of a channel as one relay sees them; to be closed."""
        return SqlDeliveries(self._database, [outbox.channel_shard(channel)])

    def may_be_sent(self, channel: str, now: datetime | None = None) -> bool:
        """Whether any of its notices waits for nothing but a relay."""
        with restricted_to(None), self._database.reading() as connection:
            return outbox.may_be_sent(connection, now, [outbox.channel_shard(channel)])

    def undelivered(self, channel: str, now: datetime | None = None) -> Outbox:
        """What waits for this channel, and for what."""
        with restricted_to(None), self._database.reading() as connection:
            held = shard_locks.held(self._database, connection)
            return outbox.state(connection, held, now, [outbox.channel_shard(channel)])

    def delivered_since(self, channel: str, told_since: datetime) -> datetime | None:
        """When the last of what was told since then was delivered; None where none was. By the index of when it was told."""
        told = (outbox_rows.c.shard == outbox.channel_shard(channel), outbox_rows.c.occurred_at >= told_since)
        last = select(func.max(outbox_rows.c.delivered_at, type_=outbox_rows.c.delivered_at.type)).where(*told)
        with restricted_to(None), self._database.reading() as connection:
            found: datetime | None = connection.execute(last).scalar()
            return found

    def unpark(self, channel: str) -> int:
        """What its receiver refused too often may be tried again; returns how many notices."""
        with restricted_to(None), self._database.writing() as connection:
            return outbox.unpark(connection, [outbox.channel_shard(channel)])


def _count_up(connection: Connection, *, on: int | None = None, **values: Any) -> None:
    """The next version, and the right to write until the transaction ends. Raises Conflict where it is not `on` any more."""
    this = update(watch_state).where(watch_state.c.id == 1)
    if on is not None:
        this = this.where(watch_state.c.version == on)
    if not connection.execute(this.values(version=watch_state.c.version + 1, **values)).rowcount:
        raise Conflict("another evaluation was saved since this one began", field="version", value=on)


def _never_fired(alert: Alert) -> bool:
    return alert.state is AlertState.RESOLVED and alert.fired_at is None


def _alert(connection: Connection, alert_id: str) -> Alert:
    body = connection.execute(select(alerts.c.body).where(alerts.c.alert_id == alert_id)).scalar()
    if body is None:
        raise UnknownThing("alert", alert_id)
    return alert_from(body)


def _alert_row(alert: Alert) -> dict[str, Any]:
    subject = alert.subject
    if len(subject) > MOST_SUBJECT:
        raise InvalidValue("of", subject, f"labels take {MOST_SUBJECT} characters together at most")
    return {
        "alert_id": alert.alert_id, "rule": alert.rule, "subject": subject, "portfolio_id": alert.portfolio_id,
        "state": alert.state.value, "severity": alert.severity.value, "since": alert.since, "fired_at": alert.fired_at,
        "resolved_at": alert.resolved_at, "silence_id": alert.silence, "body": alert_data(alert),
    }  # fmt: skip


def _silence_row(silence: Silence) -> dict[str, Any]:
    return {
        "silence_id": silence.silence_id, "portfolio_id": dict(silence.matches).get("portfolio"),
        "matches": dict(silence.matches), "starts": silence.starts, "ends": silence.ends, "made_by": silence.by,
        "reason": silence.reason, "summarized": int(silence.summarized),
    }  # fmt: skip


def _silence_of(connection: Connection, silence_id: str) -> Silence:
    found = _silences(connection.execute(select(silences).where(silences.c.silence_id == silence_id)))
    if not found:
        raise UnknownThing("silence", silence_id)
    return found[0]


def _silences(rows: Iterable[Any]) -> tuple[Silence, ...]:
    return tuple(
        Silence(
            row.silence_id,
            tuple(sorted(row.matches.items())),
            row.starts,
            row.ends,
            row.made_by,
            row.reason,
            bool(row.summarized),
        )
        for row in rows
    )
