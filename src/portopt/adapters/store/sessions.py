"""Who is signed in to the console: a row a session, found by the SHA-256 of its id."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, or_, select, update

from portopt.adapters.store.clock import database_now
from portopt.adapters.store.engine import Database
from portopt.adapters.store.records import fits
from portopt.adapters.store.service_tables import api_keys
from portopt.adapters.store.session_tables import sessions
from portopt.domain.access import Principal

SEEN_EVERY = timedelta(minutes=1)  # it is not written more often


class SqlSessions:
    """Implements ports.SessionStore. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin_by_key(self, session_id: str, key: str, hours: float) -> Principal | None:
        """Of whoever holds this API key; None, and no session, for one that is unknown or revoked."""
        wanted = select(api_keys).where(api_keys.c.sha256 == _hashed(key), api_keys.c.revoked_at.is_(None))
        with self._database.writing() as connection:
            row = connection.execute(wanted).mappings().first()
            if row is None:
                return None
            self._begin(connection, session_id, _principal(row), hours, row["id"])
        return _principal(row)

    def begin(self, session_id: str, who: Principal, hours: float) -> None:
        with self._database.writing() as connection:
            self._begin(connection, session_id, who, hours, None)

    def _begin(self, connection: Connection, session_id: str, who: Principal, hours: float, key_id: str | None) -> None:
        """Those that have ended go."""
        now = database_now(connection)
        connection.execute(delete(sessions).where(sessions.c.ends_at <= now))
        row = {
            "sha256": _hashed(session_id), "subject": fits("subject", who.subject), "scopes": sorted(who.scopes),
            "portfolios": None if who.portfolios is None else sorted(who.portfolios), "key_id": key_id,
            "created_at": now, "seen_at": now, "ends_at": now + timedelta(hours=hours),
        }  # fmt: skip
        connection.execute(sessions.insert().values(**row))

    def who(self, session_id: str, now: datetime | None = None) -> Principal | None:
        """None for one that is unknown or ended, or whose key was revoked."""
        this, key = sessions.c.sha256 == _hashed(session_id), sessions.c.key_id == api_keys.c.id
        is_good = or_(sessions.c.key_id.is_(None), api_keys.c.revoked_at.is_(None))
        wanted = select(sessions).select_from(sessions.outerjoin(api_keys, key)).where(this, is_good)
        with self._database.reading() as connection:
            at = now or database_now(connection)
            row = connection.execute(wanted.where(sessions.c.ends_at > at)).mappings().first()
        if row is None:
            return None
        if at - row["seen_at"] > SEEN_EVERY:
            with self._database.writing() as connection:
                connection.execute(update(sessions).where(this).values(seen_at=at))
        return _principal(row)

    def end(self, session_id: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.sha256 == _hashed(session_id)))


def _principal(row: Mapping[Any, Any]) -> Principal:
    seen = None if row["portfolios"] is None else frozenset(row["portfolios"])
    return Principal(row["subject"], frozenset(row["scopes"]), seen)


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
