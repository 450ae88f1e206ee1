"""From the outbox to the sink: at least once, in order within a key. The only code that talks to a sink."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from portopt.ports import EventSink, RunStore

LIMIT = 100
LEASE_SECONDS = 30.0


def relay_once(
    store: RunStore,
    sink: EventSink,
    now: datetime | None = None,
    *,
    limit: int = LIMIT,
    lease_seconds: float = LEASE_SECONDS,
) -> int:
    """Lease up to `limit` events, deliver and mark each; returns how many were delivered.

    An event is marked only after the sink took it: a crash in between delivers it again, and the sink or its consumers
    know it by its id. The first failure ends the round (raising what the sink raised): what follows may belong to the
    same key, and its lease runs out by itself. now: the clock to use, for tests; None is the present.
    """
    began = time.monotonic()
    delivered = 0
    for event in store.claim_events(limit, lease_seconds, now or datetime.now(UTC)):
        if time.monotonic() - began >= lease_seconds:
            break  # no longer ours: somebody else may be delivering it
        sink.deliver(event)
        store.mark_delivered(event.event_id, now or datetime.now(UTC))
        delivered += 1
    return delivered


def relay_until_empty(
    store: RunStore, sink: EventSink, now: datetime | None = None, *, lease_seconds: float = LEASE_SECONDS
) -> int:
    """Rounds until nothing is left to claim; returns how many events were delivered in all."""
    total = 0
    while delivered := relay_once(store, sink, now, lease_seconds=lease_seconds):
        total += delivered
    return total
