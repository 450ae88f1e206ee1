"""API keys, kept as hashes, and idempotency keys with the replies they stand for."""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from portopt.adapters.store.clock import database_now
from portopt.adapters.store.engine import Database
from portopt.adapters.store.records import fits
from portopt.adapters.store.service_tables import api_keys, idempotency_keys
from portopt.adapters.store.upsert import insert_new
from portopt.domain.access import SCOPES, Principal
from portopt.domain.errors import InvalidValue, KeyReused
from portopt.domain.job import KeptReply

MARK = "pok_"  # so that a key that leaked somewhere is known for what it is
BYTES = 32
TAKEN_OVER_AFTER = timedelta(seconds=15)  # since a reservation without a reply was last renewed: whoever made it is gone


class SqlKeys:
    """Implements ports.KeyStore. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, principal: Principal, note: str = "") -> tuple[str, str]:
        """(key id, the key itself, which is told this once). Raises InvalidValue for scopes that are none."""
        if unknown := sorted(principal.scopes - set(SCOPES)):
            raise InvalidValue("scopes", unknown, f"a scope is one of {', '.join(SCOPES)}")
        key, key_id = MARK + secrets.token_urlsafe(BYTES), f"key-{secrets.token_hex(8)}"
        seen = None if principal.portfolios is None else sorted(principal.portfolios)
        row = {"id": key_id, "sha256": _hashed(key), "subject": fits("subject", principal.subject), "note": note}
        with self._database.writing() as connection:
            told = {**row, "scopes": sorted(principal.scopes), "portfolios": seen, "created_at": database_now(connection)}
            connection.execute(api_keys.insert().values(**told))
        return key_id, key

    def verify(self, key: str) -> Principal | None:
        """Whose it is; None for one that is unknown, or revoked.

        Found by its hash: to look for it tells nobody how much of a guess was right.
        """
        wanted = select(api_keys).where(api_keys.c.sha256 == _hashed(key), api_keys.c.revoked_at.is_(None))
        with self._database.reading() as connection:
            row = connection.execute(wanted).mappings().first()
        if row is None:
            return None
        seen = None if row["portfolios"] is None else frozenset(row["portfolios"])
        return Principal(row["subject"], frozenset(row["scopes"]), seen)

    def revoke(self, key_id: str) -> bool:
        """From now on it opens nothing; False for one that is unknown, or was revoked before."""
        this = update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
        with self._database.writing() as connection:
            return connection.execute(this.values(revoked_at=database_now(connection))).rowcount > 0

    def list(self) -> Sequence[Mapping[str, Any]]:
        """All of them, oldest first, without the hashes."""
        told = [column for column in api_keys.c if column is not api_keys.c.sha256]
        with self._database.reading() as connection:
            rows = connection.execute(select(*told).order_by(api_keys.c.created_at, api_keys.c.id)).mappings().all()
        return [dict(row) for row in rows]

    def reserve(self, reply: KeptReply) -> KeptReply:
        """Use an idempotency key; the very object that was given where it is the caller's now. Raises KeyReused."""
        with self._database.writing() as connection:
            row, there = {**_named(reply), "created_at": database_now(connection)}, None
            while there is None:  # it was there, and was freed before it could be read
                if insert_new(connection, idempotency_keys, row) or _taken_over(connection, row):
                    return reply
                there = _kept(connection, reply.key, reply.subject)
        if (there.operation, there.request_digest) != (reply.operation, reply.request_digest):
            raise KeyReused(reply.key)
        return there

    def renew(self, key: str, subject: str) -> None:
        """Whoever reserved it is still at work; one that has its reply is left as it is."""
        with self._database.writing() as connection:
            this = update(idempotency_keys).where(*_is(key, subject), _UNANSWERED)
            connection.execute(this.values(created_at=database_now(connection)))

    def held(self, key: str, subject: str) -> KeptReply | None:
        """What an idempotency key of theirs stands for; None for one that stands for nothing."""
        with self._database.reading() as connection:
            return _kept(connection, key, subject)

    def keep(self, reply: KeptReply) -> None:
        """The reply that a reserved key stands for; the first that is kept stays."""
        kept = {"job_id": reply.job_id, "status": reply.status, "reply": reply.reply}
        with self._database.writing() as connection:
            connection.execute(update(idempotency_keys).where(*_is(reply.key, reply.subject), _UNANSWERED).values(**kept))

    def forget(self, key: str, subject: str) -> None:
        """What it stood for was refused: the key is free. One that has its reply keeps it."""
        with self._database.writing() as connection:
            connection.execute(idempotency_keys.delete().where(*_is(key, subject), _UNANSWERED))

    def forget_old(self, days: float, now: datetime | None = None) -> int:
        """Keys that were used longer ago are free again; returns how many."""
        with self._database.writing() as connection:
            before = (now or database_now(connection)) - timedelta(days=days)
            return connection.execute(idempotency_keys.delete().where(idempotency_keys.c.created_at < before)).rowcount


_UNANSWERED = idempotency_keys.c.status.is_(None)


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def _is(key: str, subject: str) -> tuple[Any, Any]:
    return idempotency_keys.c.subject == subject, idempotency_keys.c.key == key


def _named(reply: KeptReply) -> dict[str, Any]:
    fits("Idempotency-Key", reply.key)
    fits("subject", reply.subject)
    fits("operation", reply.operation)
    return {f.name: getattr(reply, f.name) for f in dataclasses.fields(reply)}


def _taken_over(connection: Connection, row: Mapping[str, Any]) -> bool:
    """Whether the same request had reserved it, long ago, and never came to a reply: now it is this one's."""
    same = (idempotency_keys.c.operation == row["operation"], idempotency_keys.c.request_digest == row["request_digest"])
    is_old = idempotency_keys.c.created_at < row["created_at"] - TAKEN_OVER_AFTER
    this = update(idempotency_keys).where(*_is(row["key"], row["subject"]), *same, _UNANSWERED, is_old)
    return connection.execute(this.values(created_at=row["created_at"])).rowcount > 0


def _kept(connection: Connection, key: str, subject: str) -> KeptReply | None:
    row = connection.execute(select(idempotency_keys).where(*_is(key, subject))).mappings().first()
    return None if row is None else KeptReply(**row)
