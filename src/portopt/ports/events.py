"""What is told to the outside: deliveries of the outbox, the sink, and how far a question is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from portopt.domain.run import Event, Waiting


class Deliveries(Protocol):
    """The outbox as one relay sees it: the shards that it holds, alone, until it lets them go or dies.

    Every method raises OutsideError when the store does not answer. now: for tests; else the store's own clock.
    """

    wanted: frozenset[int]
    held: frozenset[int]

    def take(self) -> frozenset[int]:
        """Of the shards that are wanted those that are held from now on; the others are another relay's."""
        ...

    def waiting(self, limit: int, now: datetime | None = None) -> Sequence[Waiting]:
        """Events of these shards that may be sent, in order; first what was sent and may have arrived."""
        ...

    def advance(self, shard: int, *, delivered: str | None = None, sending: str | None = None, above: int = 0,
                now: datetime | None = None) -> int:  # fmt: skip
        """One event is delivered, for good, and the next has the number that comes back, before it is sent.

        Raises OutsideError when another relay holds the shard by now.
        """
        ...

    def refuse(self, event_id: str, problem: Mapping[str, Any], now: datetime | None = None) -> bool:
        """The sink would not take it: it waits, and is parked after its last attempt; True when it is parked now."""
        ...

    def wait(self, seconds: float) -> None:
        """Until something is put into the outbox, or for so long."""
        ...

    def close(self) -> None:
        """Let go of the shards."""
        ...


class EventSink(Protocol):
    """Where the relay delivers. Knows a repeat by the event's id, or by its shard and number."""

    def deliver(self, event: Event, *, shard: int = 0, number: int | None = None) -> None:
        """Raises EventRefused for an event that it will not take at all, OutsideError when it is not known to have taken it.

        number: grows within a shard; what was sent under it once is not taken twice.
        """
        ...

    def replay(self, event: Event) -> None:
        """Once more, marked as a replay, whatever was taken before."""
        ...

    def highest(self, shard: int) -> int:
        """The highest number of the shard that has arrived; 0 where the sink does not know numbers."""
        ...

    def close(self) -> None: ...


class Progress(Protocol):
    """Who is told what is being done, and how far it has come."""

    def step(self, name: str) -> AbstractContextManager[None]:
        """A step begins; a context, so that its end and duration are known too."""
        ...

    def count(self, done: int, of: int) -> None:
        """How far the present step has come."""
        ...
