"""Events wait in order, are leased to one relay at a time, and are delivered for good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portopt.adapters.store import outbox

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=31)


@pytest.fixture
def put(store, event):
    """Events by id and key, in one transaction each."""

    def fill(*events: tuple[str, str]) -> None:
        for event_id, key in events:
            with store._writing() as connection:
                outbox.put(connection, event(event_id, key), None)

    return fill


def ids(events) -> list[str]:
    return [event.event_id for event in events]


def test_an_event_comes_back_equal(store, put, event):
    put(("e1", "P1"))
    assert list(store.claim_events(10, 30, NOW)) == [event("e1", "P1")]


def test_events_are_claimed_oldest_first_and_no_more_than_asked(store, put):
    put(("a", "P1"), ("b", "P2"), ("c", "P1"))
    assert ids(store.claim_events(2, 30, NOW)) == ["a", "b"]


def test_a_leased_event_is_nobody_elses_until_the_lease_runs_out(store, put):
    put(("a", "P1"))
    assert ids(store.claim_events(10, 30, NOW)) == ["a"]
    assert ids(store.claim_events(10, 30, NOW + timedelta(seconds=29))) == []
    assert ids(store.claim_events(10, 30, LATER)) == ["a"]


def test_an_event_waits_while_an_earlier_one_of_its_portfolio_is_on_its_way(store, put):
    put(("a", "P1"), ("b", "P1"), ("c", "P2"))
    assert ids(store.claim_events(1, 30, NOW)) == ["a"]
    assert ids(store.claim_events(10, 30, NOW)) == ["c"]
    store.mark_delivered("a", NOW)
    assert ids(store.claim_events(10, 30, NOW)) == ["b"]


def test_after_a_lease_ran_out_the_portfolio_starts_again_with_its_earliest_event(store, put):
    put(("a", "P1"), ("b", "P1"))
    store.claim_events(1, 30, NOW)
    assert ids(store.claim_events(10, 30, LATER)) == ["a", "b"]


def test_a_delivered_event_is_never_handed_out_again(store, put):
    put(("a", "P1"))
    store.claim_events(10, 30, NOW)
    store.mark_delivered("a", NOW)
    store.mark_delivered("a", LATER)
    assert ids(store.claim_events(10, 30, LATER + timedelta(days=1))) == []
    assert store.health()["outbox_pending"] == 0


def test_an_event_of_a_transaction_that_fails_was_never_there(store, event):
    def write_and_fail() -> None:
        with store._writing() as connection:
            outbox.put(connection, event(), None)
            raise LookupError

    with pytest.raises(LookupError):
        write_and_fail()
    assert store.health()["outbox_pending"] == 0
