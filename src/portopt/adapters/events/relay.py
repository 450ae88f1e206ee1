"""From the outbox to the sink: at least once, in order within a key. The only code that talks to a sink."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
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
    turn = Round(store, sink, now, {event.event_id for event in claimed})
    try:
        for event in claimed:
            if time.monotonic() - began >= lease_seconds:
                turn.ours.clear()  # no longer: somebody else may be delivering what is left
                break
            if event.key not in turn.held_up:
                turn.offer(event)
        if turn.unheard is not None:
            raise turn.unheard[1]
    finally:
        if turn.ours:
            store.put_back(sorted(turn.ours))
    return turn.delivered


@dataclass(slots=True)
class Round:
    """One round of a relay. ours: what it has leased and neither delivered nor given up. held_up: keys that wait for the next.

    unheard: an event that the sink did not take without saying that it never will; the next one shows whose fault that was.
    """

    store: RunStore
    sink: EventSink
    now: datetime | None
    ours: set[str]
    held_up: set[str] = field(default_factory=set)
    unheard: tuple[Event, PortoptError] | None = None
    delivered: int = 0

    def offer(self, event: Event) -> None:
        """To the sink. Raises what the sink raised when it did so for the one before too."""
        try:
            self.sink.deliver(event)
        except EventRefused as error:
            self._give_up(event, error)
        except PortoptError as error:
            if self.unheard is not None:
                raise
            self.unheard = (event, error)
            self.held_up.add(event.key)
        else:
            self._mark(event)

    def _mark(self, event: Event) -> None:
        self.store.mark_delivered(event.event_id, self.now)
        self.ours.discard(event.event_id)
        self.delivered += 1
        if self.unheard is not None:  # the sink is there: it was that event
            self._give_up(*self.unheard)
            self.unheard = None

    def _give_up(self, event: Event, error: PortoptError) -> None:
        self.store.refuse_event(event.event_id, error.problem(), self.now)
        self.ours.discard(event.event_id)
        self.held_up.add(event.key)


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
