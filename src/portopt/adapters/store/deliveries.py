"""The outbox as one relay sees it: the shards that it holds, what waits in them, and what became of what it sent."""

from __future__ import annotations

import os
import platform
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from portopt.adapters.store import migrate, outbox
from portopt.adapters.store.engine import Database
from portopt.adapters.store.shard_locks import shard_locks
from portopt.domain.run import Waiting


class SqlDeliveries:
    """Implements ports.Deliveries. Not to be shared between threads; a process may have several.

    wanted: shards of events, None for all of them; or the one of a channel of notices.
    """

    def __init__(self, database: Database, wanted: Collection[int] | None = None) -> None:
        self.database = database
        self.wanted = frozenset(outbox.EVENTS) if wanted is None else frozenset(wanted)
        # Beside the process's number: what this one takes over is told from what another of the same process held.
        self.holder = f"process {os.getpid()} on {platform.node()} ({uuid.uuid4().hex[:8]})"
        self.held: frozenset[int] = frozenset()
        self._locks = shard_locks(database, self.wanted)

    def take(self) -> frozenset[int]:
        before = self.held
        self.held = frozenset()
        found = self._locks.take(self.wanted)
        if not found <= before:
            with self.database.writing() as connection:
                migrate.require_current(connection, self.database.shown)
                outbox.held_by(connection, found, self.holder)
        self.held = found
        return found

    def waiting(self, limit: int, now: datetime | None = None) -> Sequence[Waiting]:
        with self.database.reading() as connection:
            return outbox.waiting(connection, self.held, limit, now)

    def advance(
        self,
        shard: int,
        *,
        delivered: str | None = None,
        sending: str | None = None,
        above: int = 0,
        now: datetime | None = None,
    ) -> int:
        with self.database.writing() as connection:
            return outbox.advance(connection, self.holder, shard, delivered=delivered, sending=sending, above=above, now=now)

    def refuse(self, event_id: str, problem: Mapping[str, Any], now: datetime | None = None) -> bool:
        with self.database.writing() as connection:
            return outbox.refuse(connection, event_id, problem, now)

    def wait(self, seconds: float) -> None:
        self._locks.wait(seconds)

    def close(self) -> None:
        self.held = frozenset()
        self._locks.close()
