"""The outbox: events wait here, in order, until a relay has delivered them.

It is divided into shards by key, and a relay delivers of those that it holds alone (shard_locks.py). Beside the shards of
events each channel of notices has one: what a webhook does not take holds up no event, and no other channel. Within one key (a
portfolio) order holds: an event is handed out only when no earlier, undelivered one of its key waits or is parked.
What is asked for is what was not delivered, not what comes after a number: a number is drawn when a row is written and not when
it is committed, and an event that is committed late is found all the same.
What a sink refuses waits longer each time and is parked after ATTEMPTS: it stops its own key, and nothing else.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, case, delete, exists, func, or_, select, text, update

from portopt.adapters.store.clock import clock, database_now
from portopt.adapters.store.models import outbox, outbox_shards
from portopt.adapters.store.records import event_from, event_row
from portopt.adapters.store.upsert import insert_new
from portopt.adapters.store.watch_tables import notice_keys
from portopt.domain.errors import OutsideError
from portopt.domain.run import Event, HeldShard, Outbox, ParkedEvent, Waiting
from portopt.domain.watch import NOTICE_CHANNELS

SHARDS = 8  # as many relays can work side by side; part of the schema, for every row has its shard
EVENTS = tuple(range(SHARDS))  # the shards of what is told to the broker; the others are of notices
KEY_LOCK = 708_122  # first half of the two-part lock, the second is the key's hash
CHANNEL = "portopt_outbox"  # where PostgreSQL tells relays that something waits
ATTEMPTS = 5
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 3600.0  # seconds before a refused event is handed out again
WAITING = outbox.c.delivered_at.is_(None)
PARKED = and_(WAITING, outbox.c.parked_at.is_not(None))


def shard_of(key: str) -> int:
    """The shard that all events of a key belong to.

    >>> shard_of("P1"), shard_of("P2")
    (1, 3)
    """
    return zlib.crc32(key.encode()) % SHARDS


def channel_shard(channel: str) -> int:
    """The shard of the notices of a channel. Part of the schema too.

    >>> channel_shard("log"), channel_shard("automation")
    (8, 11)
    """
    return SHARDS + NOTICE_CHANNELS.index(channel)


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
    is_new = insert_new(connection, outbox, row_of(event, run_id))
    if is_new:
        tell(connection)
    return is_new


def row_of(event: Event, run_id: str | None) -> dict[str, Any]:
    """Of an event that waits."""
    return {**event_row(event, run_id), "shard": shard_of(event.key)}


def tell(connection: Connection) -> None:
    """Relays hear that something waits, when this is committed."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


def waiting(connection: Connection, shards: Collection[int], limit: int, now: datetime | None = None) -> Sequence[Waiting]:
    """Up to `limit` events of these shards that may be sent, oldest first; before them what was sent and may have arrived."""
    now = now or database_now(connection)
    numbered = _numbered(connection, shards)
    first = outbox.c.event_id.in_(numbered)
    wanted = (
        select(outbox)
        .where(*_free(now, shards), outbox.c.shard.in_(shards))
        .order_by(first.desc(), outbox.c.sequence)
        .limit(limit)
    )
    rows: Sequence[Any] = connection.execute(wanted).mappings().all()
    also = _also(connection, [row["event_id"] for row in rows if row["shard"] >= SHARDS])
    return [
        Waiting(event_from(row), row["shard"], numbered.get(row["event_id"]), also.get(row["event_id"], frozenset()))
        for row in rows
    ]


def _also(connection: Connection, event_ids: Sequence[str]) -> dict[str, frozenset[str]]:
    """The keys of notices that tell of several alerts."""
    found: dict[str, set[str]] = {}
    if event_ids:
        asked = select(notice_keys.c.event_id, notice_keys.c.key).where(notice_keys.c.event_id.in_(event_ids))
        for event_id, key in connection.execute(asked):
            found.setdefault(event_id, set()).add(key)
    return {event_id: frozenset(keys) for event_id, keys in found.items()}


def may_be_sent(connection: Connection, now: datetime | None = None, shards: Collection[int] = EVENTS) -> bool:
    """Whether anything in these shards waits for nothing but a relay."""
    now = now or database_now(connection)
    found = select(outbox.c.sequence).where(*_free(now, shards), outbox.c.shard.in_(shards)).limit(1)
    return connection.execute(found).first() is not None


def _free(now: datetime, shards: Collection[int]) -> tuple[Any, ...]:
    """What waits for nothing but a relay. Only a notice has several keys: of events nothing more is asked."""
    due = or_(outbox.c.not_before.is_(None), outbox.c.not_before <= now)
    first = (WAITING, outbox.c.parked_at.is_(None), due, ~_held_up(now))
    return first if all(shard < SHARDS for shard in shards) else (*first, ~_held_up_by_another_key(now))


def _numbered(connection: Connection, shards: Collection[int]) -> dict[str, int]:
    """Of each shard the event that has its last number and is not known to have arrived."""
    sent = select(outbox_shards.c.sending, outbox_shards.c.sent).where(outbox_shards.c.shard.in_(shards))
    return {row.sending: row.sent for row in connection.execute(sent.where(outbox_shards.c.sending.is_not(None)))}


def _held_up(now: datetime) -> Any:
    """By an earlier event of the same key that is tried again later, or parked."""
    earlier = outbox.alias("earlier")
    return exists().where(
        and_(
            earlier.c.key == outbox.c.key,
            earlier.c.sequence < outbox.c.sequence,
            earlier.c.delivered_at.is_(None),
            or_(earlier.c.not_before > now, earlier.c.parked_at.is_not(None)),
        )
    )


def _held_up_by_another_key(now: datetime) -> Any:
    """A notice of several alerts behind a notice of one of them that is stopped; anything behind a notice of several alerts
    that tells of its alert too, for whatever that one waits: it may be behind something that this one knows nothing of.
    """
    earlier, mine, theirs = outbox.alias("earlier"), notice_keys.alias("mine"), notice_keys.alias("theirs")
    before = and_(earlier.c.sequence < outbox.c.sequence, earlier.c.delivered_at.is_(None))
    stopped = or_(earlier.c.not_before > now, earlier.c.parked_at.is_not(None))
    of_one = and_(mine.c.event_id == outbox.c.event_id, earlier.c.key == mine.c.key, stopped)
    of_several = and_(theirs.c.key == outbox.c.key, earlier.c.event_id == theirs.c.event_id)
    of_both = and_(mine.c.event_id == outbox.c.event_id, theirs.c.key == mine.c.key, earlier.c.event_id == theirs.c.event_id)
    return or_(*(exists().where(and_(before, how)) for how in (of_one, of_several, of_both)))


def held_by(connection: Connection, shards: Collection[int], holder: str) -> None:
    """Write down who holds these shards now."""
    rows = update(outbox_shards).where(outbox_shards.c.shard.in_(shards))
    connection.execute(rows.values(holder=holder, held_since=database_now(connection)))


def advance(
    connection: Connection,
    holder: str,
    shard: int,
    *,
    delivered: str | None = None,
    sending: str | None = None,
    above: int = 0,
    now: datetime | None = None,
) -> int:
    """One event of the shard is delivered, for good, and the next gets its number, above what was given and `above`.

    A number is committed before anything is sent under it, and there is never more than one whose event may or may not have
    arrived. Raises OutsideError when another relay holds the shard by now.
    """
    if delivered is not None:
        done = update(outbox).where(outbox.c.event_id == delivered, WAITING)
        when = now or clock(connection)
        connection.execute(done.values(delivered_at=when, not_before=None, problem=None, attempts=outbox.c.attempts + 1))
        if shard >= SHARDS:  # nothing stands behind it any more
            connection.execute(delete(notice_keys).where(notice_keys.c.event_id == delivered))
    sent = outbox_shards.c.sent
    number = sent if sending is None else case((sent > above, sent), else_=above) + 1
    this = update(outbox_shards).where(outbox_shards.c.shard == shard, outbox_shards.c.holder == holder)
    found = connection.execute(this.values(sent=number, sending=sending).returning(sent)).scalar()
    if found is None:
        raise OutsideError(f"shard {shard} of the outbox was taken over by another relay", field="shards", value=shard)
    return int(found)


def refuse(connection: Connection, event_id: str, problem: Mapping[str, Any], now: datetime | None = None) -> bool:
    """A sink would not take this event: it waits, each time twice as long, and is parked at last. True when it was.

    Its number is void: the next time it has another.
    """
    connection.execute(update(outbox_shards).where(outbox_shards.c.sending == event_id).values(sending=None))
    failures = connection.execute(select(outbox.c.failures).where(outbox.c.event_id == event_id, WAITING)).scalar()
    if failures is None:
        return False
    now = now or database_now(connection)
    parked = bool(failures + 1 >= ATTEMPTS)
    again = now + timedelta(seconds=min(FIRST_PAUSE * 2.0**failures, LONGEST_PAUSE))
    tried = {"failures": failures + 1, "attempts": outbox.c.attempts + 1}
    values = {**tried, "problem": problem, "not_before": None if parked else again}
    this = update(outbox).where(outbox.c.event_id == event_id)
    connection.execute(this.values(**values, parked_at=now if parked else None))
    return parked


def unpark(connection: Connection, shards: Collection[int] = EVENTS) -> int:
    """Everything that is parked in these shards may be tried again; returns how many there were."""
    parked = update(outbox).where(WAITING, outbox.c.parked_at.is_not(None), outbox.c.shard.in_(shards))
    return connection.execute(parked.values(parked_at=None, failures=0, not_before=None)).rowcount


def state(
    connection: Connection, held: Collection[int], now: datetime | None = None, shards: Collection[int] = EVENTS
) -> Outbox:
    """What waits in these shards, and for what; counted by the database, for many may wait. held: shards somebody holds."""
    now = now or database_now(connection)
    ours = outbox.c.shard.in_(shards)
    by_shard = connection.execute(_counted(now).where(ours)).mappings().all()
    parked = connection.execute(
        select(outbox.c.event_id, outbox.c.key, outbox.c.problem).where(PARKED, ours).order_by(outbox.c.sequence)
    ).all()
    # The keys as values: of a table that has just grown PostgreSQL knows nothing, and compared every row with every other
    # (10,000 that waited took it minutes).
    stopped = {row.key for row in parked}
    if stopped:
        groups = select(notice_keys.c.key).where(notice_keys.c.event_id.in_([row.event_id for row in parked]))
        stopped |= set(connection.execute(groups).scalars())
    behind = select(func.count()).where(WAITING, ours, outbox.c.parked_at.is_(None), outbox.c.key.in_(stopped))
    return Outbox(
        waiting=sum(row["waiting"] for row in by_shard),
        refused=sum(row["paused"] for row in by_shard),
        now=now,
        refused_until=min((row["until"] for row in by_shard if row["until"] is not None), default=None),
        parked=tuple(ParkedEvent(row.event_id, row.key, (row.problem or {}).get("detail", "")) for row in parked),
        behind=connection.execute(behind).scalar_one() if stopped else 0,
        held=_held(connection, frozenset(held) & frozenset(shards), {row["shard"]: row["waiting"] for row in by_shard}),
        oldest=min((row["oldest"] for row in by_shard), default=None),
    )


def _counted(now: datetime) -> Select[Any]:
    paused = outbox.c.not_before > now
    until = func.min(case((paused, outbox.c.not_before)), type_=outbox.c.not_before.type)
    oldest = func.min(outbox.c.occurred_at, type_=outbox.c.occurred_at.type)
    counted = [func.count().label("waiting"), func.count(case((paused, 1))).label("paused")]
    return (
        select(outbox.c.shard, *counted, until.label("until"), oldest.label("oldest")).where(WAITING).group_by(outbox.c.shard)
    )


def _held(connection: Connection, held: Collection[int], waiting: Mapping[int, int]) -> tuple[HeldShard, ...]:
    rows = connection.execute(select(outbox_shards).where(outbox_shards.c.shard.in_(held)).order_by(outbox_shards.c.shard))
    return tuple(
        HeldShard(row["shard"], row["holder"] or "a relay", row["held_since"], waiting.get(row["shard"], 0))
        for row in rows.mappings()
    )


def past(
    connection: Connection, since: datetime, until: datetime | None, key: str | None, after: int, limit: int
) -> Sequence[tuple[int, Event]]:
    """Events that were delivered before, by when they occurred, from `since` to before `until`; (sequence, event), in order."""
    told = (~WAITING, outbox.c.shard.in_(EVENTS))
    wanted = select(outbox).where(*told, outbox.c.occurred_at >= since, outbox.c.sequence > after)
    if until is not None:
        wanted = wanted.where(outbox.c.occurred_at < until)
    if key is not None:
        wanted = wanted.where(outbox.c.key == key)
    rows: Sequence[Any] = connection.execute(wanted.order_by(outbox.c.sequence).limit(limit)).mappings().all()
    return [(row["sequence"], event_from(row)) for row in rows]


def pending(connection: Connection) -> int:
    """Events that are not delivered."""
    return connection.execute(select(func.count()).where(WAITING, outbox.c.shard.in_(EVENTS))).scalar_one()
