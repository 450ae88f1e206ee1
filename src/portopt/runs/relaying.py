"""The relay as a question of its own: deliver once, or go on; send again what was delivered; make the broker fit for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue
from portopt.domain.run import Event, Outbox
from portopt.ports import RunStore
from portopt.runs.events import deliver

if TYPE_CHECKING:
    from portopt.runtime import Runtime

Say = Callable[[str], None]
LOOK_AGAIN = 1.0
WAIT_SECONDS = 30.0  # for another relay, before what waits is told and left to it
PAGE = 500


def relay(runtime: Runtime, *, wait: bool, retry_parked: bool, say: Say) -> dict[str, Any]:
    """Deliver what waits, and tell what waits on, and for what.

    wait: also for what another relay holds, until it delivered it or ended, for WAIT_SECONDS. retry_parked: what a sink refused
    is tried again.
    """
    if retry_parked:
        runtime.runs.unpark_events()
    delivered = deliver(runtime)
    if wait:
        delivered += _deliver_after_others(runtime, say)
    return _told(delivered, runtime)


def _deliver_after_others(runtime: Runtime, say: Say) -> int:
    delivered, end, state = 0, time.monotonic() + WAIT_SECONDS, runtime.runs.outbox()
    if waits_on_others(state):
        say(f"{waits_on_others(state)} events wait with {holders(state)}; looking again for up to {WAIT_SECONDS:.0f} seconds")
    while waits_on_others(state) and time.monotonic() < end:
        time.sleep(LOOK_AGAIN)
        delivered += deliver(runtime)
        state = runtime.runs.outbox()
    return delivered


def waits_on_others(state: Outbox) -> int:
    """Events in shards that some relay holds, but for those that no relay may send yet."""
    return min(sum(held.waiting for held in state.held), state.waiting - state.refused - len(state.parked) - state.behind)


def holders(state: Outbox) -> str:
    """Who holds the shards in which something waits."""
    named = dict.fromkeys(held.holder for held in state.held if held.waiting)
    return " and ".join(named) or "nobody"


def follow(
    runtime: Runtime, shards: Collection[int] | None, stop: threading.Event, say: Say, *, retry_parked: bool = False
) -> dict[str, Any]:
    """Deliver until told to stop. What another relay holds is taken over as soon as that one ends, or dies."""
    from portopt.adapters.events.relay import Follower

    if retry_parked:
        runtime.runs.unpark_events()
    with closing(runtime.runs.deliveries(shards)) as ours, closing(runtime.sink) as sink:
        follower = Follower(ours, sink, stop.is_set, say, pause=lambda seconds: _pause(stop, seconds))
        delivered = follower.follow()
    return _told(delivered, runtime)


def _pause(stop: threading.Event, seconds: float) -> None:
    stop.wait(seconds)


def replay(
    runtime: Runtime, since: datetime, until: datetime | None, portfolio_id: str | None, stopped: Callable[[], bool]
) -> dict[str, Any]:
    """Send delivered events again, under their ids and marked as replays, in order; {"replayed": how many, …}."""
    if until is not None and until <= since:
        raise InvalidValue("until", until.isoformat(), "is not after --since", fix="give a later instant, or none")
    replayed = 0
    with closing(runtime.sink) as sink:
        for event in _past(runtime.runs, since, until, portfolio_id):
            if stopped():
                break
            sink.replay(event)
            replayed += 1
    bounds = {"since": since.isoformat(), "until": until and until.isoformat(), "portfolio_id": portfolio_id}
    return {"replayed": replayed, **bounds}


def _past(runs: RunStore, since: datetime, until: datetime | None, portfolio_id: str | None) -> Iterator[Event]:
    after = 0
    while page := runs.past_events(since, until, key=portfolio_id, after=after, limit=PAGE):
        after = page[-1][0]
        yield from (event for _, event in page)


def instant(option: str, text: str) -> datetime:
    """A date or an instant; without an offset it is UTC. Raises InvalidValue."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidValue(option, text, "not a date or an instant", fix="write it as 2026-11-20T12:00:00Z") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def shards_of(text: str | None) -> frozenset[int] | None:
    """Which shards `0-3,5` names; None, for all, where nothing is said. Raises InvalidValue."""
    from portopt.adapters.store.outbox import SHARDS

    if text is None:
        return None
    known, found = range(SHARDS), set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        try:
            numbers = range(int(first), int(last if dash else first) + 1)
        except ValueError:
            numbers = range(0)
        if not numbers or numbers[0] not in known or numbers[-1] not in known:
            raise InvalidValue("shards", text, f"shards are 0 to {SHARDS - 1}", fix="write 0-3, or 0,2,5, or leave it out")
        found |= set(numbers)
    return frozenset(found)


def _told(delivered: int, runtime: Runtime) -> dict[str, Any]:
    return {"delivered": delivered, **plain(runtime.runs.outbox())}
