"""The right to deliver of a shard: a lock that goes with its holder, however it ends.

On PostgreSQL a session's advisory lock: the server lets it go when the connection ends. On SQLite a lock on a file beside the
database, of all shards of events at once, and one for each channel of notices: there is one writer at a time anyway, and the
kernel lets it go with the process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, text

from portopt.adapters.store.engine import Database
from portopt.adapters.store.outbox import CHANNEL, EVENTS, SHARDS
from portopt.domain.disk import storage_error
from portopt.domain.watch import NOTICE_CHANNELS

SHARD_LOCK = 708_123  # first half of the two-part lock, the second is the shard
LOOK_AGAIN = 0.2  # seconds between looks at a file, which wakes nobody
PROBES, PROBE_SECONDS = 3, 0.002
# A relay whose machine vanished says nothing: the server asks after it, and lets its locks go within a minute.
SESSION = (
    "SET tcp_keepalives_idle = 30", "SET tcp_keepalives_interval = 10", "SET tcp_keepalives_count = 3",
    "SET idle_session_timeout = 0",
)  # fmt: skip


class ShardLocks(Protocol):
    """Locks of one holder. Every method raises OutsideError when the database does not answer: nothing is held then."""

    def take(self, wanted: Iterable[int]) -> frozenset[int]:
        """Those of the wanted shards that were free, or are held already."""
        ...

    def wait(self, seconds: float) -> None:
        """Until something is put into the outbox, or for so long."""
        ...

    def close(self) -> None: ...


def shard_locks(database: Database, wanted: Collection[int] = EVENTS) -> ShardLocks:
    """For these shards: of events, or one channel's of notices."""
    if database.dialect == "postgresql":
        return SessionLocks(database)
    return FileLock(lock_file(database, max(wanted, default=0)))


class SessionLocks:
    """Advisory locks on a connection of their own, which also listens."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.held: frozenset[int] = frozenset()
        self._connection: Connection | None = None

    def take(self, wanted: Iterable[int]) -> frozenset[int]:
        free = sorted(set(wanted) - self.held)
        with self._translated():
            got = self._session().execute(_TAKE, {"half": SHARD_LOCK, "shards": free}).scalars()
            self.held |= frozenset(got)
        return self.held

    def wait(self, seconds: float) -> None:
        with self._translated():
            session: Any = self._session().connection.dbapi_connection  # psycopg's own
            for _ in session.notifies(timeout=seconds, stop_after=1):
                pass

    def close(self) -> None:
        connection, self._connection, self.held = self._connection, None, frozenset()
        if connection is not None:
            with contextlib.suppress(Exception):  # a server that is gone let go by itself
                # Of a connection that was closed the server hears a moment later.
                connection.exec_driver_sql("SELECT pg_advisory_unlock_all()")
            with contextlib.suppress(Exception):
                connection.close()

    @contextlib.contextmanager
    def _translated(self) -> Any:
        from psycopg import OperationalError

        from portopt.domain.errors import OutsideError

        try:
            with self.database.translated():
                yield
        except OperationalError as error:  # of the driver itself, while it listens
            self.close()
            raise OutsideError(f"the database at {self.database.shown} went away", field="database_url") from error
        except BaseException:
            self.close()
            raise

    def _session(self) -> Connection:
        if self._connection is None:
            made = self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            made.detach()  # it ends with its holder, and goes back to no pool with a lock on it
            self._connection = made
            for statement in (*SESSION, f"LISTEN {CHANNEL}"):
                made.exec_driver_sql(statement)
        return self._connection


_TAKE = text("SELECT shard FROM unnest(CAST(:shards AS int[])) AS shard WHERE pg_try_advisory_lock(:half, shard)")
_HELD = text(
    """SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = :half AND objsubid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
)


class FileLock:
    """A lock on a file, for every shard."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def take(self, wanted: Iterable[int]) -> frozenset[int]:
        if self._file is None:
            self._file = _locked(self.path)
        return frozenset() if self._file is None else frozenset(wanted)

    def wait(self, seconds: float) -> None:
        time.sleep(min(seconds, LOOK_AGAIN))

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)  # which also unlocks


def lock_file(database: Database, shard: int = 0) -> Path:
    """Of the shards of events together, or of a channel's."""
    return Path(f"{database.url.database}-relay{'' if shard < SHARDS else f'-{NOTICE_CHANNELS[shard - SHARDS]}'}")


def held(database: Database, connection: Connection) -> frozenset[int]:
    """The shards that some relay holds at this moment."""
    if database.dialect == "postgresql":
        return frozenset(connection.execute(_HELD, {"half": SHARD_LOCK}).scalars())
    events = frozenset(EVENTS) if _is_locked(lock_file(database)) else frozenset()
    channels = range(SHARDS, SHARDS + len(NOTICE_CHANNELS))
    return events | frozenset(shard for shard in channels if _is_locked(lock_file(database, shard)))


def _locked(path: Path) -> int | None:
    """The file, open and locked; None where somebody else has it. Who only looks lets go at once, and is waited for."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise storage_error(f"the relay's lock {path} cannot be opened", path, error, field="database_url") from error
    for _ in range(PROBES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(PROBE_SECONDS)
        else:
            return file
    os.close(file)
    return None


def _is_locked(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:  # nobody made it yet
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
