"""Who is signed in: rows that end by the clock, by hand, and with their key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from portopt.adapters.store.keys import SqlKeys
from portopt.adapters.store.session_tables import sessions as table
from portopt.adapters.store.sessions import SqlSessions
from portopt.domain.access import Principal

ANNA = Principal("anna", frozenset({"read", "approve"}), frozenset({"P1"}))


@pytest.fixture
def sessions(store) -> SqlSessions:
    return SqlSessions(store.database)


def test_a_key_begins_a_session_and_its_revocation_ends_it(store, sessions):
    keys = SqlKeys(store.database)
    key_id, key = keys.create(ANNA)
    assert sessions.begin_by_key("one", key, 12.0) == ANNA == sessions.who("one")
    assert sessions.begin_by_key("two", key + "x", 12.0) is None
    assert sessions.who("two") is sessions.who("") is None
    keys.revoke(key_id)
    assert sessions.who("one") is None
    assert sessions.begin_by_key("three", key, 12.0) is None


@pytest.mark.parametrize("portfolios", [None, frozenset(), frozenset({"P1", "P2"})])
def test_whom_an_issuer_vouched_for_is_who_they_are_until_it_ends(sessions, portfolios):
    who = Principal("bert", frozenset({"read"}), portfolios)
    sessions.begin("one", who, 12.0)
    assert sessions.who("one") == who
    later = datetime.now(UTC) + timedelta(hours=12, minutes=1)
    assert sessions.who("one", later) is None
    sessions.end("one")
    assert sessions.who("one") is None


def test_nothing_that_opens_anything_is_kept_and_what_has_ended_goes(store, sessions):
    sessions.begin("a-secret-of-the-browser", ANNA, 12.0)
    with store.database.writing() as connection:
        (row,) = connection.execute(select(table)).mappings().all()
        assert "a-secret-of-the-browser" not in str(dict(row))
        connection.execute(update(table).values(ends_at=row["created_at"] - timedelta(seconds=1)))
    sessions.begin("another", ANNA, 12.0)
    with store.database.reading() as connection:
        assert len(connection.execute(select(table)).all()) == 1


def test_it_is_seen_at_most_once_a_minute(store, sessions):
    sessions.begin("one", ANNA, 12.0)
    now = datetime.now(UTC)
    for minutes in (0, 5, 5):
        assert sessions.who("one", now + timedelta(minutes=minutes)) == ANNA
    with store.database.reading() as connection:
        seen = connection.execute(select(table.c.seen_at)).scalar_one()
    assert abs(seen - now - timedelta(minutes=5)) < timedelta(seconds=1)
