"""From the outbox to the sink: nothing lost, nothing twice in the log, order kept, failures visible."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portopt.adapters.events.local_log import LocalLog
from portopt.adapters.events.relay import relay_and_wait, relay_once, relay_until_empty
from portopt.adapters.store import models, outbox
from portopt.adapters.store.sql import SqlStore
from portopt.domain.errors import EventRefused, OutsideError, PortoptError
from portopt.domain.run import Event

CHILD = Path(__file__).with_name("relay_child.py")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Sink:
    """Remembers what it took; refuses the ids it is told to."""

    def __init__(self, *refused: str) -> None:
        self.taken: list[str] = []
        self.refused = refused

    def deliver(self, event: Event) -> None:
        if event.event_id in self.refused:
            raise OutsideError("the broker is down")
        self.taken.append(event.event_id)

    def close(self) -> None:
        self.refused = ()


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/portopt.db"


@pytest.fixture
def store(url):
    found = SqlStore(url)
    found.migrate()
    yield found
    found.close()


@pytest.fixture
def put(store):
    def fill(*ids: str, key: str = "P1") -> None:
        with store._writing() as connection:
            for event_id in ids:
                outbox.put(connection, Event(event_id, "portfolio_optimized", key, {"n": event_id}, NOW), None)

    return fill


def lines(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def test_a_round_delivers_what_waits_in_order_and_says_how_much(store, put):
    put("a", "b", "c")
    sink = Sink()
    assert relay_once(store, sink, NOW, limit=2) == 2
    assert relay_once(store, sink, NOW, limit=2) == 1
    assert relay_once(store, sink, NOW, limit=2) == 0
    assert sink.taken == ["a", "b", "c"]


def test_relaying_goes_on_until_nothing_is_left(store, put):
    put(*(f"{i:03}" for i in range(230)))
    sink = Sink()
    assert relay_until_empty(store, sink) == 230
    assert sink.taken == [f"{i:03}" for i in range(230)]
    assert store.health()["outbox_pending"] == 0


def test_a_sink_that_is_gone_ends_the_round_and_what_was_leased_is_free_at_once_in_order(store, put):
    put("a", "b", "c")
    sink = Sink("b")
    with pytest.raises(OutsideError, match="broker is down"):
        relay_once(store, sink, NOW, lease_seconds=30)
    assert (sink.taken, store.health()["outbox_pending"]) == (["a"], 2)
    assert store.outbox(NOW).leased == 0
    sink.close()
    assert relay_once(store, sink, NOW, lease_seconds=30) == 2
    assert sink.taken == ["a", "b", "c"]


def test_a_sink_that_fails_for_two_portfolios_is_gone_and_no_event_is_blamed(store, put):
    put("a", key="P1")
    put("b", key="P2")
    put("c", key="P3")
    for _ in range(2 * outbox.ATTEMPTS):
        sink = Sink("a", "b")
        with pytest.raises(OutsideError, match="broker is down"):
            relay_until_empty(store, sink, NOW)
        assert sink.taken == []
    assert store.outbox(NOW).parked == ()
    assert relay_until_empty(store, Sink(), NOW) == 3


class Choosy(Sink):
    """Is there, and will not take some events, in the one way or the other."""

    def __init__(self, *refused: str, error: type[PortoptError]) -> None:
        super().__init__(*refused)
        self.error = error

    def deliver(self, event: Event) -> None:
        if event.event_id in self.refused:
            raise self.error(f"{event.event_id} is too big")
        super().deliver(event)


@pytest.mark.parametrize("error", [EventRefused, OutsideError])
def test_an_event_that_the_sink_will_not_take_is_parked_after_its_attempts_and_stops_its_own_portfolio_only(store, put, error):
    put("a1", "a2", key="P1")
    sink, now = Choosy("a1", error=error), NOW
    for attempt in range(outbox.ATTEMPTS):
        put(f"b{attempt}", key="P2")
        assert relay_until_empty(store, sink, now) == 1
        assert relay_until_empty(store, sink, now) == 0  # it waits before it is tried again
        now += timedelta(hours=2)
    assert sink.taken == [f"b{attempt}" for attempt in range(outbox.ATTEMPTS)]
    state = store.outbox(now)
    assert [(event.event_id, event.key, event.why) for event in state.parked] == [("a1", "P1", "a1 is too big")]
    assert (state.waiting, state.behind) == (2, 1)
    put("b9", key="P2")
    assert relay_until_empty(store, sink, now) == 1
    sink.close()
    assert relay_until_empty(store, sink, now + timedelta(days=1)) == 0
    assert store.unpark_events() == 1
    assert relay_until_empty(store, sink, now) == 2
    assert sink.taken[-3:] == ["b9", "a1", "a2"]


def test_the_pauses_before_a_refused_event_is_tried_again_grow(store, put):
    put("a")
    sink, now, pauses = Choosy("a", error=EventRefused), NOW, []
    for _ in range(outbox.ATTEMPTS - 1):
        assert relay_once(store, sink, now) == 0
        until = store.outbox(now).refused_until
        pauses.append((until - now).total_seconds())
        now = until
    assert pauses == [30.0, 60.0, 120.0, 240.0]


def test_what_a_killed_relay_held_is_waited_for_and_said(store, put, url, tmp_path):
    put("a", "b")
    log = tmp_path / "events.jsonl"
    subprocess.run([sys.executable, CHILD, url, log, "after_delivery"], capture_output=True, check=False)
    assert relay_until_empty(store, LocalLog(log)) == 0
    said, slept = [], []

    def time_passes(seconds: float) -> None:
        """Half a minute at once, for the leases of whoever died."""
        slept.append(seconds)
        with store._writing() as connection:
            connection.execute(models.outbox.update().values(leased_until=NOW))

    assert relay_and_wait(store, LocalLog(log), sleep=time_passes, say=said.append) == 2
    (sentence,) = said
    assert sentence.startswith("2 events are leased to a relay that works, or was killed; waiting until")
    assert len(slept) == 1
    assert 0.0 < slept[0] <= 1.0
    assert lines(log) == ["a", "b"]


def test_leases_are_by_the_databases_clock_not_the_callers(store, put, monkeypatch):
    put("a")
    assert [event.event_id for event in store.claim_events(10, 3600.0)] == ["a"]

    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(days=3)

    monkeypatch.setattr("portopt.adapters.events.relay.datetime", Ahead)
    assert relay_once(store, Sink()) == 0


def test_a_relay_slower_than_its_lease_leaves_the_rest_to_others(store, put, monkeypatch):
    put("a", "b", "c")
    clock = iter([0.0, 1.0, 31.0])
    monkeypatch.setattr("portopt.adapters.events.relay.time.monotonic", lambda: next(clock))
    sink = Sink()
    assert relay_once(store, sink, NOW, lease_seconds=30) == 1
    assert sink.taken == ["a"]


@pytest.mark.parametrize("moment", ["after_delivery", "mid_line"])
def test_a_relay_killed_at_its_worst_moment_loses_nothing_and_writes_no_line_twice(store, put, url, tmp_path, moment):
    put("a", "b")
    log = tmp_path / "events.jsonl"
    killed = subprocess.run([sys.executable, CHILD, url, log, moment], capture_output=True, text=True)
    assert (killed.returncode, killed.stdout, killed.stderr) == (-9, "", "")
    assert store.health()["outbox_pending"] == 2
    after_the_lease = datetime.now(UTC) + timedelta(seconds=60)
    assert relay_until_empty(store, LocalLog(log), after_the_lease) == 2
    assert lines(log) == ["a", "b"]
    assert store.health()["outbox_pending"] == 0


def test_relays_beside_each_other_write_each_event_once(store, put, url, tmp_path):
    put(*(f"{i:03}" for i in range(40)), key="P1")
    put(*(f"{i:03}" for i in range(40, 80)), key="P2")
    log = tmp_path / "events.jsonl"
    children = [
        subprocess.Popen([sys.executable, CHILD, url, log, "never"], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    delivered = [int(child.communicate(timeout=60)[0]) for child in children]
    found = lines(log)
    assert sum(delivered) == 80
    assert [i for i in found if i < "040"] == [f"{i:03}" for i in range(40)]
    assert [i for i in found if i >= "040"] == [f"{i:03}" for i in range(40, 80)]
