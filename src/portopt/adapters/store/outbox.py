"""The outbox: events wait here, in order, until a relay has delivered them.

A relay leases what it takes. Within one key (a portfolio) order holds: an event is handed out only when no earlier,
undelivered event of its key is leased to somebody else. A lease that ran out is handed out again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, exists, func, or_, select, text, update

from portopt.adapters.store.models import outbox
from portopt.adapters.store.records import event_from, event_row
from portopt.adapters.store.upsert import insert_new
from portopt.domain.run import Event

# Two relays that claim at the same moment would each skip the other's rows and so reorder one key; claims take turns.
CLAIM_LOCK = 7_081_220_002
KEY_LOCK = 708_122  # first half of the two-part lock, the second is the key's hash


def put(connection: Connection, event: Event, run_id: str | None) -> bool:
    """Add an event to the transaction; False when its id is there already."""
    if connection.dialect.name == "postgresql":
        # A number is drawn when the row is written, not when it is committed. Writers of one key therefore take turns,
        # or a relay could see (and deliver) the later event first.
        lock = text("SELECT pg_advisory_xact_lock(:half, hashtext(:key))")
        connection.execute(lock, {"half": KEY_LOCK, "key": event.key})
    return insert_new(connection, outbox, event_row(event, run_id))


def claim(connection: Connection, limit: int, lease_seconds: float, now: datetime) -> Sequence[Event]:
    """Lease up to `limit` events until `now + lease_seconds`, oldest first."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CLAIM_LOCK})
    earlier = outbox.alias("earlier")
    blocked = exists().where(
        and_(
            earlier.c.key == outbox.c.key,
            earlier.c.sequence < outbox.c.sequence,
            earlier.c.delivered_at.is_(None),
            earlier.c.leased_until > now,
        )
    )
    free = or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= now)
    wanted = (
        select(outbox)
        .where(outbox.c.delivered_at.is_(None), free, ~blocked)
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


def mark_delivered(connection: Connection, event_id: str, now: datetime) -> None:
    """Delivered, for good. A second mark changes nothing."""
    waiting = update(outbox).where(outbox.c.event_id == event_id, outbox.c.delivered_at.is_(None))
    connection.execute(waiting.values(delivered_at=now, leased_until=None))


def pending(connection: Connection) -> int:
    return connection.execute(select(func.count()).where(outbox.c.delivered_at.is_(None))).scalar_one()
