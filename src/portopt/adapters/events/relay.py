"""From the outbox to the sink: at least once, in order within a key. The only code that talks to a sink.

Whether what was sent has arrived is asked of the sink, which knows the highest number it took: a relay that is killed between
sending and writing so down leaves one event of a shard in doubt, and the next relay asks.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from portopt.domain.errors import EventRefused, PortoptError
from portopt.domain.run import Waiting
from portopt.ports import Deliveries, EventSink

T = TypeVar("T")
LIMIT = 100
LOOK_AGAIN = 1.0  # seconds between looks at shards that another relay holds, and at events that are tried again
FIRST_RETRY, LONGEST_RETRY = 1.0, 15.0  # seconds before a sink, or a database, that is gone is tried again


def never() -> bool:
    """A relay that nobody stops."""
    return False


def relay_once(
    ours: Deliveries, sink: EventSink, now: datetime | None = None, *, limit: int = LIMIT, stopped: Callable[[], bool] = never
) -> int:
    """Deliver up to `limit` events of the shards that are held; returns how many were delivered.

    now: the clock to use, for tests; None is the database's.

    An event that the sink will not take waits, later ones of its key behind it, while the other keys go on. A sink that fails
    for two keys in a row is taken for gone: the round ends, raising what the sink raised, and blames no event.
    """
    turn = Round(ours, sink, now)
    try:
        for waiting in ours.waiting(limit, now):
            if stopped():
                break
            if turn.held_up.isdisjoint(waiting.keys):
                turn.offer(waiting)
            else:  # what waits behind it, by any of its keys, waits too
                turn.held_up |= waiting.keys
        if turn.unheard is not None:
            raise turn.unheard[1]
    finally:
        turn.write_down()
    return turn.delivered


class _Unheard(Exception):
    """The sink did not say what became of an event."""

    def __init__(self, waiting: Waiting, error: PortoptError) -> None:
        super().__init__(error.detail)
        self.waiting, self.error = waiting, error


@dataclass(slots=True)
class Round:
    """One round of a relay. held_up: keys that wait for the next. arrived: of a shard what was delivered last and is not
    written down yet: that goes with the next one's number.

    unheard: an event that the sink did not take without saying that it never will; the next one shows whose fault that was.
    """

    ours: Deliveries
    sink: EventSink
    now: datetime | None
    held_up: set[str] = field(default_factory=set)
    arrived: dict[int, str] = field(default_factory=dict)
    unheard: tuple[Waiting, PortoptError] | None = None
    delivered: int = 0

    def offer(self, waiting: Waiting) -> None:
        """To the sink. Raises what the sink raised when it did so for the one before too."""
        try:
            self._send(waiting)
        except EventRefused as error:
            self._give_up(waiting, error)
        except _Unheard as failure:
            if self.unheard is not None:
                raise failure.error from failure
            self.unheard = (failure.waiting, failure.error)
            self.held_up |= waiting.keys

    def _send(self, waiting: Waiting) -> None:
        if self.unheard is not None and self.unheard[0].shard == waiting.shard:
            self._settle(blame=False)  # before a higher number makes it impossible to tell
        highest = self._asked(waiting, lambda: self.sink.highest(waiting.shard))
        if waiting.number is None:
            waiting = self._numbered(waiting, highest)
        if waiting.number is None or waiting.number > highest:
            self._asked(waiting, lambda: self.sink.deliver(waiting.event, shard=waiting.shard, number=waiting.number))
        self._take(waiting)
        self._settle(blame=True)

    def _numbered(self, waiting: Waiting, above: int) -> Waiting:
        shard, sending = waiting.shard, waiting.event.event_id
        number = self.ours.advance(shard, delivered=self.arrived.pop(shard, None), sending=sending, above=above, now=self.now)
        return replace(waiting, number=number)

    def _asked(self, waiting: Waiting, of_sink: Callable[[], T]) -> T:
        """What the sink answers; a failure of the sink is told from one of the store."""
        try:
            return of_sink()
        except EventRefused:
            raise
        except PortoptError as error:
            raise _Unheard(waiting, error) from error

    def _settle(self, *, blame: bool) -> None:
        """What became of the event that the sink was not heard of: it arrived all the same, or it did not.

        blame: the sink took another one since, so that it is there, and it was that event.
        """
        if self.unheard is None:
            return
        waiting, error = self.unheard
        highest = self._asked(waiting, lambda: self.sink.highest(waiting.shard))
        if waiting.number is not None and waiting.number <= highest:
            self.unheard = None
            self.held_up -= waiting.keys
            self._take(waiting)
        elif blame:
            self.unheard = None
            self._give_up(waiting, error)
        else:
            self.unheard = (replace(waiting, number=None), error)

    def _take(self, waiting: Waiting) -> None:
        self.write_down(waiting.shard)
        self.arrived[waiting.shard] = waiting.event.event_id
        self.delivered += 1

    def write_down(self, *shards: int) -> None:
        """In the store: what was delivered."""
        for shard in shards or tuple(self.arrived):
            if (event_id := self.arrived.pop(shard, None)) is not None:
                self.ours.advance(shard, delivered=event_id, now=self.now)

    def _give_up(self, waiting: Waiting, error: PortoptError) -> None:
        self.ours.refuse(waiting.event.event_id, error.problem(), self.now)
        self.held_up |= waiting.keys


def relay_until_empty(
    ours: Deliveries, sink: EventSink, now: datetime | None = None, *, stopped: Callable[[], bool] = never
) -> int:
    """Rounds until nothing is left of the shards that are free, or held; returns how many events were delivered in all."""
    total = 0
    ours.take()
    while not stopped() and (delivered := relay_once(ours, sink, now, stopped=stopped)):
        total += delivered
        ours.take()  # and so hears of a lock that was lost
    return total


@dataclass(slots=True)
class Follower:
    """A relay that goes on. say: told what it holds, what it waits for, and what it delivered.

    pause: waits so many seconds, or until it is stopped.
    """

    ours: Deliveries
    sink: EventSink
    stopped: Callable[[], bool]
    say: Callable[[str], None]
    pause: Callable[[float], None] = time.sleep
    delivered: int = 0
    failures: int = 0
    held: frozenset[int] | None = None

    def follow(self) -> int:
        """Until it is stopped; returns how many events were delivered. What fails is told, and tried again."""
        while not self.stopped():
            try:
                self._work()
                if not self.stopped():
                    self.ours.wait(LOOK_AGAIN)
            except PortoptError as error:
                self._wait_out(error)
        return self.delivered

    def _work(self) -> None:
        self._tell_held(self.ours.take())
        found = relay_until_empty(self.ours, self.sink, stopped=self.stopped)
        self.delivered += found
        if found:
            self.say(f"{found} {'event' if found == 1 else 'events'} delivered")
        if self.failures:
            self.failures = 0
            self.say("it is there again")

    def _tell_held(self, held: frozenset[int]) -> None:
        if held == self.held:
            return
        self.held = held
        others = self.ours.wanted - held
        if held:
            self.say(f"delivering of shards {spelled(held)}")
        if others:
            self.say(f"another relay holds shards {spelled(others)}: they are taken over when it ends")

    def _wait_out(self, error: PortoptError) -> None:
        pause = min(FIRST_RETRY * 2.0**self.failures, LONGEST_RETRY)
        if self.failures == 0:
            self.say(f"{error.detail}; trying again until it is there")
        self.failures += 1
        self.held = None
        self.pause(pause)


def spelled(shards: frozenset[int]) -> str:
    """Numbers, runs of them as from-to.

    >>> spelled(frozenset({0, 1, 2, 5}))
    '0-2, 5'
    """
    runs: list[list[int]] = []
    for shard in sorted(shards):
        if runs and runs[-1][-1] == shard - 1:
            runs[-1].append(shard)
        else:
            runs.append([shard])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
