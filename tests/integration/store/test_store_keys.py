"""API keys and idempotency keys."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from portopt.adapters.store import keys as module
from portopt.adapters.store.keys import SqlKeys
from portopt.adapters.store.service_tables import api_keys, idempotency_keys
from portopt.adapters.store.sql import SqlStore
from portopt.domain.access import Principal
from portopt.domain.errors import InvalidValue, KeyReused
from portopt.domain.job import KeptReply


@pytest.fixture
def keys(store) -> SqlKeys:
    return SqlKeys(store.database)


def asked(key: str = "k1", digest: str = "d1", subject: str = "anna") -> KeptReply:
    return KeptReply(key, subject, "optimize", digest, datetime(2026, 1, 1, tzinfo=UTC))


def answered(reply: KeptReply, said: bytes = b"{}") -> KeptReply:
    return KeptReply(reply.key, reply.subject, reply.operation, reply.request_digest, reply.created_at, "opt-1", 202, said)


@pytest.mark.parametrize("seen", [None, frozenset(), frozenset({"P1", "P2"})])
def test_a_key_is_told_once_and_says_who_asks(keys, seen):
    who = Principal("anna", frozenset({"ask", "read"}), seen)
    key_id, key = keys.create(who, "desk")
    assert keys.verify(key) == who
    assert [keys.verify(other) for other in (key[:-1], key + "a", "", "\ud800")] == [None] * 4
    told = keys.list()
    assert [(row["id"], row["subject"], row["note"], row["revoked_at"]) for row in told] == [(key_id, "anna", "desk", None)]
    assert "sha256" not in told[0]


def test_the_store_holds_no_key(store, keys):
    _, key = keys.create(Principal("anna", frozenset({"ask"})))
    with store.database.reading() as connection:
        row = connection.execute(select(api_keys)).one()
    assert all(key not in str(value) and key.removeprefix("pok_") not in str(value) for value in row)


def test_a_revoked_key_opens_nothing(keys):
    key_id, key = keys.create(Principal("anna", frozenset({"ask"})))
    assert (keys.revoke(key_id), keys.revoke(key_id), keys.revoke("key-none")) == (True, False, False)
    assert keys.verify(key) is None
    assert keys.list()[0]["revoked_at"] is not None


def test_a_scope_that_is_none_is_refused(keys):
    with pytest.raises(InvalidValue, match="scope"):
        keys.create(Principal("anna", frozenset({"everything"})))


def test_a_reserved_key_stands_for_its_first_request(keys):
    mine, again = asked(), asked()
    assert keys.reserve(mine) is mine
    there = keys.reserve(again)
    assert there is not again
    assert there.reply is None
    keys.keep(answered(mine, b'{"a":1}'))
    keys.keep(answered(mine, b'{"a":2}'))
    there = keys.reserve(asked())
    assert (there.job_id, there.status, there.reply) == ("opt-1", 202, b'{"a":1}')
    with pytest.raises(KeyReused):
        keys.reserve(asked(digest="d2"))
    other = asked(digest="d2", subject="bert")
    assert keys.reserve(other) is other


def test_a_key_of_a_refused_request_is_free_and_one_with_a_reply_is_not(keys):
    keys.reserve(asked())
    keys.forget("k1", "anna")
    mine = asked(digest="d2")
    assert keys.reserve(mine) is mine
    keys.keep(answered(mine))
    keys.forget("k1", "anna")
    assert keys.reserve(asked(digest="d2")).status == 202


def test_a_reservation_whose_owner_is_gone_is_taken_over_by_the_same_request_alone(store, keys):
    keys.reserve(asked())
    _age(store, module.TAKEN_OVER_AFTER - timedelta(seconds=5))
    assert keys.reserve(asked()).reply is None
    _age(store, timedelta(seconds=10))
    with pytest.raises(KeyReused):
        keys.reserve(asked(digest="d2"))
    second, third = asked(), asked()
    assert keys.reserve(second) is second
    assert keys.reserve(third) is not third


def test_of_many_at_once_one_reserves_the_key(keys):
    given = [asked() for _ in range(20)]
    with ThreadPoolExecutor(10) as pool:
        heard = list(pool.map(keys.reserve, given))
    assert sum(reply is mine for reply, mine in zip(heard, given, strict=True)) == 1


@pytest.mark.parametrize("bad", [asked(key=""), asked(key="k" * 256), asked(key="a\0b"), asked(subject="s" * 201)])
def test_a_key_that_no_column_holds_is_refused(keys, bad):
    with pytest.raises(InvalidValue):
        keys.reserve(bad)


def _age(store, by: timedelta) -> None:
    with store.database.writing() as connection:
        created = connection.execute(select(idempotency_keys.c.created_at)).scalar_one()
        connection.execute(update(idempotency_keys).values(created_at=created - by))


@pytest.mark.postgres
def test_a_key_that_is_freed_between_two_statements_is_the_next_ones(postgres_database, monkeypatch):
    store = SqlStore(postgres_database)
    store.migrate()
    keys, looks_back = SqlKeys(store.database), module._taken_over
    keys.reserve(asked())

    def freed_meanwhile(connection, row):
        keys.forget("k1", "anna")
        return looks_back(connection, row)

    monkeypatch.setattr(module, "_taken_over", freed_meanwhile)
    mine = asked(digest="d2")
    assert keys.reserve(mine) is mine
    store.close()
