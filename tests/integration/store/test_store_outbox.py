"""Events wait in order, are one relay's at a time, and are delivered for good."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from portopt.adapters.store import outbox
from portopt.adapters.store.sql import SqlStore
from portopt.domain.errors import OutsideError

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


@pytest.fixture
def relay(store):
    """A relay that holds every shard."""
    with closing(store.deliveries()) as ours:
        ours.take()
        yield ours


def ids(waiting) -> list[str]:
    return [one.event.event_id for one in waiting]


def deliver(relay, event_id: str, key: str) -> int:
    shard = outbox.shard_of(key)
    number = relay.advance(shard, sending=event_id)
    relay.advance(shard, delivered=event_id)
    return number


def test_an_event_comes_back_equal(relay, put, event):
    put(("e1", "P1"))
    (waiting,) = relay.waiting(10)
    assert (waiting.event, waiting.shard, waiting.number) == (event("e1", "P1"), outbox.shard_of("P1"), None)


def test_events_are_handed_out_oldest_first_and_no_more_than_asked(relay, put):
    put(("a", "P1"), ("b", "P2"), ("c", "P1"))
    assert ids(relay.waiting(2)) == ["a", "b"]


def test_a_shard_is_one_relays_until_it_lets_go(store, relay, put, url):
    put(("a", "P1"))
    other = SqlStore(url)
    with closing(other.deliveries()) as theirs:
        assert (theirs.take(), ids(theirs.waiting(10))) == (frozenset(), [])
        (held,) = [found for found in store.outbox().held if found.waiting]
        assert (held.shard, held.holder, held.waiting) == (outbox.shard_of("P1"), relay.holder, 1)
        relay.close()
        assert store.outbox().held == ()
        assert theirs.take() == theirs.wanted
        assert ids(theirs.waiting(10)) == ["a"]
    other.close()


def test_a_relay_whose_shard_was_taken_over_writes_nothing_more(store, relay, put, url):
    put(("a", "P1"))
    other = SqlStore(url)
    relay._locks.close()  # its lock is lost, and it does not know yet
    with closing(other.deliveries()) as theirs:
        theirs.take()
        with pytest.raises(OutsideError, match="taken over by another relay"):
            relay.advance(outbox.shard_of("P1"), delivered="a")
    other.close()
    assert store.outbox().waiting == 1


def test_an_event_has_its_number_before_it_is_sent_and_keeps_it_until_it_arrived(store, relay, put):
    put(("a", "P1"), ("b", "P1"))
    shard = outbox.shard_of("P1")
    assert relay.advance(shard, sending="a") == 1
    relay.close()
    with closing(store.deliveries()) as next_one:
        next_one.take()
        assert [(w.event.event_id, w.number) for w in next_one.waiting(10)] == [("a", 1), ("b", None)]
        assert next_one.advance(shard, delivered="a", sending="b") == 2
        assert [(w.event.event_id, w.number) for w in next_one.waiting(10)] == [("b", 2)]


def test_numbers_go_on_above_what_the_sink_has_seen(relay, put):
    """A store that was restored from a backup gives none that was given since."""
    put(("a", "P1"))
    assert relay.advance(outbox.shard_of("P1"), sending="a", above=510) == 511


def test_what_was_sent_and_may_have_arrived_comes_first(relay, put):
    put(("a", "P1"), ("b", "P2"), ("c", "P3"))
    relay.advance(outbox.shard_of("P3"), sending="c")
    assert ids(relay.waiting(10)) == ["c", "a", "b"]
    assert ids(relay.waiting(1)) == ["c"]


def test_an_event_waits_while_an_earlier_one_of_its_portfolio_is_tried_again_later(relay, put):
    put(("a", "P1"), ("b", "P1"), ("c", "P2"))
    relay.refuse("a", {"detail": "too big"}, NOW)
    assert ids(relay.waiting(10, NOW + timedelta(seconds=29))) == ["c"]
    assert ids(relay.waiting(10, LATER)) == ["a", "b", "c"]


def test_a_refused_events_number_is_void(relay, put):
    put(("a", "P1"))
    relay.advance(outbox.shard_of("P1"), sending="a")
    relay.refuse("a", {"detail": "too big"}, NOW)
    (waiting,) = relay.waiting(10, LATER)
    assert waiting.number is None


def test_a_delivered_event_is_never_handed_out_again(store, relay, put):
    put(("a", "P1"))
    deliver(relay, "a", "P1")
    relay.advance(outbox.shard_of("P1"), delivered="a")
    assert ids(relay.waiting(10, LATER + timedelta(days=1))) == []
    assert (store.health()["outbox_pending"], store.may_be_sent()) == (0, False)


def test_an_event_of_a_transaction_that_fails_was_never_there(store, event):
    def write_and_fail() -> None:
        with store._writing() as connection:
            outbox.put(connection, event(), None)
            raise LookupError

    with pytest.raises(LookupError):
        write_and_fail()
    assert store.health()["outbox_pending"] == 0


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_an_event_that_is_committed_after_later_ones_were_delivered_is_found(store, relay, put, event):
    """Its number was drawn first: who asks for what comes after the last number would never see it."""
    with store._writing() as slow:
        outbox.put(slow, event("drawn-first", "P1"), None)
        put(("b", "P2"))
        assert ids(relay.waiting(10)) == ["b"]
        deliver(relay, "b", "P2")
    assert ids(relay.waiting(10)) == ["drawn-first"]


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_on_postgresql_a_relay_that_waits_is_woken(relay, put):
    import threading
    import time

    timer = threading.Timer(0.5, lambda: put(("a", "P1")))
    timer.start()
    began = time.monotonic()
    relay.wait(30.0)
    woken = time.monotonic() - began
    timer.join()
    assert 0.3 < woken < 10.0
    assert ids(relay.waiting(10)) == ["a"]


def test_delivered_events_are_found_again_by_time_and_portfolio(store, relay, put):
    put(("a", "P1"), ("b", "P2"), ("c", "P1"), ("d", "P1"))
    for event_id, key in (("a", "P1"), ("b", "P2"), ("c", "P1")):
        deliver(relay, event_id, key)

    def found(**bounds) -> list[str]:
        since = bounds.pop("since", NOW)
        return [event.event_id for _, event in store.past_events(since, **bounds)]

    assert found() == ["a", "b", "c"]
    assert found(key="P1") == ["a", "c"]
    assert found(limit=1) == ["a"]
    assert found(since=LATER) == found(until=NOW) == []
    assert found(after=store.past_events(NOW)[0][0]) == ["b", "c"]
