"""The outbox: events wait here, in order, until a relay has delivered them.

A relay leases what it takes. Within one key (a portfolio) order holds: an event is handed out only when no earlier,
undelivered event of its key is leased to somebody else or parked. A lease that ran out is handed out again.
What a sink refuses waits longer each time and is parked after ATTEMPTS: it stops its own key, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, exists, func, or_, select, text, update

from portopt.adapters.store.clock import database_now
from portopt.adapters.store.models import outbox
from portopt.adapters.store.records import event_from, event_row
from portopt.adapters.store.upsert import insert_new
from portopt.domain.run import Event, Outbox, ParkedEvent

# Two relays that claim at the same moment would each skip the other's rows and so reorder one key; claims take turns.
CLAIM_LOCK = 7_081_220_002
KEY_LOCK = 708_122  # first half of the two-part lock, the second is the key's hash
ATTEMPTS = 5
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 3600.0  # seconds before a refused event is handed out again
WAITING = outbox.c.delivered_at.is_(None)


def take_turns(connection: Connection, key: str) -> None:
    """Until this transaction ends no other one writes about this key; on SQLite there is one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(:half, hashtext(:key))")
        connection.execute(lock, {"half": KEY_LOCK, "key": key})


def put(connection: Connection, event: Event, run_id: str | None) -> bool:
    """Add an event to the transaction; False when its id is there already."""
    # A number is drawn when the row is written, not when it is committed. Writers of one key therefore take turns,
    # or a relay could see (and deliver) the later event first.
    take_turns(connection, event.key)
    return insert_new(connection, outbox, event_row(event, run_id))


def claim(connection: Connection, limit: int, lease_seconds: float, now: datetime | None = None) -> Sequence[Event]:
    """Lease up to `limit` events for so many seconds, oldest first. now: for tests; else the database's clock."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CLAIM_LOCK})
    now = now or database_now(connection)
    free = or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= now)
    wanted = (
        select(outbox)
        .where(WAITING, outbox.c.parked_at.is_(None), free, ~_held_up(now))
        .order_by(outbox.c.sequence)
        .limit(limit)
        .with_for_update(skip_locked=True, of=outbox)  # a row being marked delivered is nobody's to wait for
    )
    rows: Sequence[Any] = connection.execute(wanted).mappings().all()
    if rows:
        leased = update(outbox).where(outbox.c.sequence.in_([row["sequence"] for row in rows]))
        until = now + timedelta(seconds=lease_seconds)
        connection.execute(leased.values(leased_until=until, attempts=outbox.c.attempts + 1))
    return [event_from(row) for row in rows]


def _held_up(now: datetime) -> Any:
    """By an earlier event of the same key that is on its way, or parked."""
    earlier = outbox.alias("earlier")
    return exists().where(
        and_(
            earlier.c.key == outbox.c.key,
            earlier.c.sequence < outbox.c.sequence,
            earlier.c.delivered_at.is_(None),
            or_(earlier.c.leased_until > now, earlier.c.parked_at.is_not(None)),
        )
    )


def mark_delivered(connection: Connection, event_id: str, now: datetime | None = None) -> None:
    """Delivered, for good. A second mark changes nothing."""
    done = update(outbox).where(outbox.c.event_id == event_id, WAITING)
    connection.execute(done.values(delivered_at=now or database_now(connection), leased_until=None, problem=None))


def put_back(connection: Connection, event_ids: Sequence[str]) -> None:
    """What was claimed and not tried is anybody's again, at once."""
    connection.execute(update(outbox).where(outbox.c.event_id.in_(event_ids), WAITING).values(leased_until=None))


def refuse(connection: Connection, event_id: str, problem: Mapping[str, Any], now: datetime | None = None) -> bool:
    """A sink would not take this event: it waits, each time twice as long, and is parked at last. True when it was."""
    failures = connection.execute(select(outbox.c.failures).where(outbox.c.event_id == event_id, WAITING)).scalar()
    if failures is None:
        return False
    now = now or database_now(connection)
    parked = bool(failures + 1 >= ATTEMPTS)
    again = now + timedelta(seconds=min(FIRST_PAUSE * 2.0**failures, LONGEST_PAUSE))
    values = {"failures": failures + 1, "problem": problem, "leased_until": None if parked else again}
    this = update(outbox).where(outbox.c.event_id == event_id)
    connection.execute(this.values(**values, parked_at=now if parked else None))
    return parked


def unpark(connection: Connection) -> int:
    """Every parked event may be tried again; returns how many there were."""
    parked = update(outbox).where(WAITING, outbox.c.parked_at.is_not(None))
    return connection.execute(parked.values(parked_at=None, failures=0, leased_until=None)).rowcount


def state(connection: Connection, now: datetime | None = None) -> Outbox:
    """What waits, and for what."""
    now = now or database_now(connection)
    names = ("event_id", "key", "occurred_at", "leased_until", "failures", "parked_at", "problem")
    told = select(*(outbox.c[name] for name in names))
    waiting = connection.execute(told.where(WAITING).order_by(outbox.c.sequence)).mappings().all()
    on_lease = [row for row in waiting if row["leased_until"] is not None and row["leased_until"] > now]
    parked = [row for row in waiting if row["parked_at"] is not None]
    return Outbox(
        waiting=len(waiting),
        leased=sum(row["failures"] == 0 for row in on_lease),
        refused=sum(row["failures"] > 0 for row in on_lease),
        now=now,
        leased_until=max((row["leased_until"] for row in on_lease if row["failures"] == 0), default=None),
        refused_until=min((row["leased_until"] for row in on_lease if row["failures"] > 0), default=None),
        parked=tuple(ParkedEvent(row["event_id"], row["key"], (row["problem"] or {}).get("detail", "")) for row in parked),
        behind=sum(row["parked_at"] is None and row["key"] in {p["key"] for p in parked} for row in waiting),
        oldest=min((row["occurred_at"] for row in waiting), default=None),
    )


def pending(connection: Connection) -> int:
    return connection.execute(select(func.count()).where(WAITING)).scalar_one()
