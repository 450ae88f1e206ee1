"""Waiting for something to happen in the database: told of it where it can tell (PostgreSQL's NOTIFY), else for the time.

Being told is a courtesy: who waits looks again when the time is over, whatever was heard.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

from sqlalchemy import Connection, text

from portopt.adapters.store.engine import Database

RETRY_SECONDS = 5.0  # before a connection that broke is tried again


def tell(connection: Connection, channel: str) -> None:
    """Whoever waits is told when this transaction is committed."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": channel})


class Notices:
    """One who waits, with a connection of its own. Safe to share between threads, which then wait one after the other."""

    def __init__(self, database: Database, channel: str) -> None:
        self._database, self._channel = database, channel
        self._waiting = threading.Lock()
        self._listening: Any = None
        self._not_before = 0.0

    def wait(self, seconds: float) -> None:
        """Until something is told, or the time is over."""
        with self._waiting:
            listening = self._opened()
            if listening is None:
                time.sleep(seconds)
                return
            try:
                for _ in listening.notifies(timeout=seconds, stop_after=1):
                    return
            except Exception:  # whatever broke: looking again is what tells
                self._closed()
                time.sleep(seconds)

    def _opened(self) -> Any:
        if self._database.dialect != "postgresql" or time.monotonic() < self._not_before:
            return None
        if self._listening is None:
            import psycopg

            url = self._database.url.set(drivername="postgresql").render_as_string(hide_password=False)
            try:
                self._listening = psycopg.connect(url, autocommit=True, connect_timeout=5, application_name="portopt waiting")
                self._listening.execute(f"LISTEN {self._channel}")
            except psycopg.Error:
                self._closed()
        return self._listening

    def _closed(self) -> None:
        broken, self._listening = self._listening, None
        self._not_before = time.monotonic() + RETRY_SECONDS
        if broken is not None:
            with contextlib.suppress(Exception):
                broken.close()
