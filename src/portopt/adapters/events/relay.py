"""From the outbox to the sink: at least once, in order within a key. The only code that talks to a sink."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from portopt.domain.errors import EventRefused, PortoptError
from portopt.domain.run import Event
from portopt.ports import EventSink, RunStore

LIMIT = 100
LEASE_SECONDS = 30.0
LOOK_AGAIN = 1.0  # seconds between looks at events that another relay has, or had when it died


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
    know it by its id. now: the clock to use, for tests; None is the database's.

    An event that the sink will not take waits, later ones of its key behind it, while the other keys go on. A sink that fails
    for two keys in a row is taken for gone: the round ends, raising what the sink raised, and what was leased and not
    delivered is free at once.
    """
    began = time.monotonic()
    claimed = list(store.claim_events(limit, lease_seconds, now))
    left, held_up, delivered = {event.event_id for event in claimed}, set(), 0
    unheard: tuple[Event, PortoptError] | None = None
    try:
        for event in claimed:
            if time.monotonic() - began >= lease_seconds:
                left.clear()  # no longer ours: somebody else may be delivering it
                break
            if event.key in held_up:
                continue
            try:
                sink.deliver(event)
            except EventRefused as error:
                _refuse(store, event, error, now)
                left.discard(event.event_id)
                held_up.add(event.key)
            except PortoptError as error:
                if unheard is not None:
                    raise
                unheard = (event, error)
                held_up.add(event.key)
            else:
                store.mark_delivered(event.event_id, now)
                left.discard(event.event_id)
                delivered += 1
                if unheard is not None:  # the sink is there: it was that event
                    _refuse(store, *unheard, now)
                    left.discard(unheard[0].event_id)
                    unheard = None
        if unheard is not None:
            raise unheard[1]
    finally:
        if left:
            store.put_back(sorted(left))
    return delivered


def _refuse(store: RunStore, event: Event, error: PortoptError, now: datetime | None) -> None:
    store.refuse_event(event.event_id, error.problem(), now)


def relay_until_empty(
    store: RunStore, sink: EventSink, now: datetime | None = None, *, lease_seconds: float = LEASE_SECONDS
) -> int:
    """Rounds until nothing is left to claim; returns how many events were delivered in all."""
    total = 0
    while delivered := relay_once(store, sink, now, lease_seconds=lease_seconds):
        total += delivered
    return total


def relay_and_wait(
    store: RunStore,
    sink: EventSink,
    *,
    lease_seconds: float = LEASE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    say: Callable[[str], None] = lambda sentence: None,
) -> int:
    """Rounds until nothing is left, and until the leases of others are over: a relay that was killed held them for nothing.

    say: told once what is waited for, and until when.
    """
    total = relay_until_empty(store, sink, lease_seconds=lease_seconds)
    state = store.outbox()
    until = state.leased_until
    if until is not None:
        say(f"{state.leased} events are leased to a relay that works, or was killed; waiting until {until:%H:%M:%S} UTC")
    while until is not None and state.leased and state.now < until:
        sleep(min(LOOK_AGAIN, (until - state.now).total_seconds()))
        total += relay_until_empty(store, sink, lease_seconds=lease_seconds)
        state = store.outbox()
    return total + relay_until_empty(store, sink, lease_seconds=lease_seconds)
