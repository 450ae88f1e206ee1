"""From the outbox to the sink: nothing lost, nothing twice in the log, order kept, failures visible."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portopt.adapters.events.local_log import LocalLog
from portopt.adapters.events.relay import Follower, relay_once, relay_until_empty
from portopt.adapters.store import outbox
from portopt.adapters.store.sql import SqlStore
from portopt.domain.errors import EventRefused, OutsideError, PortoptError
from portopt.domain.run import Event

CHILD = Path(__file__).with_name("relay_child.py")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Sink:
    """Remembers what it took, and the highest number of each shard; refuses the ids it is told to."""

    def __init__(self, *refused: str) -> None:
        self.taken: list[str] = []
        self.numbers: dict[int, int] = {}
        self.refused = refused

    def deliver(self, event: Event, *, shard: int = 0, number: int | None = None) -> None:
        if event.event_id in self.refused:
            raise OutsideError("the broker is down")
        self.take(event, shard, number)

    def take(self, event: Event, shard: int, number: int | None) -> None:
        assert number is not None
        assert number > self.highest(shard), "a broker drops what does not grow"
        self.numbers[shard] = number
        self.taken.append(event.event_id)

    def replay(self, event: Event) -> None:
        self.taken.append(event.event_id)

    def highest(self, shard: int) -> int:
        return self.numbers.get(shard, 0)

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
def ours(store):
    """A relay that holds every shard."""
    with closing(store.deliveries()) as relay:
        relay.take()
        yield relay


@pytest.fixture
def put(store):
    def fill(*ids: str, key: str = "P1") -> None:
        with store._writing() as connection:
            for event_id in ids:
                outbox.put(connection, Event(event_id, "portfolio_optimized", key, {"n": event_id}, NOW), None)

    return fill


def lines(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def test_a_round_delivers_what_waits_in_order_and_says_how_much(ours, put):
    put("a", "b", "c")
    sink = Sink()
    assert relay_once(ours, sink, NOW, limit=2) == 2
    assert relay_once(ours, sink, NOW, limit=2) == 1
    assert relay_once(ours, sink, NOW, limit=2) == 0
    assert sink.taken == ["a", "b", "c"]


def test_relaying_goes_on_until_nothing_is_left(store, ours, put):
    put(*(f"{i:03}" for i in range(230)))
    sink = Sink()
    assert relay_until_empty(ours, sink) == 230
    assert sink.taken == [f"{i:03}" for i in range(230)]
    assert store.health()["outbox_pending"] == 0


def test_a_sink_that_is_gone_ends_the_round_and_what_is_left_comes_next_in_order(store, ours, put):
    put("a", "b", "c")
    sink = Sink("b")
    with pytest.raises(OutsideError, match="broker is down"):
        relay_once(ours, sink, NOW)
    assert (sink.taken, store.health()["outbox_pending"]) == (["a"], 2)
    sink.close()
    assert relay_once(ours, sink, NOW) == 2
    assert sink.taken == ["a", "b", "c"]


def test_a_sink_that_fails_for_two_portfolios_is_gone_and_no_event_is_blamed(store, ours, put):
    put("a", key="P1")
    put("b", key="P2")
    put("c", key="P3")
    for _ in range(2 * outbox.ATTEMPTS):
        sink = Sink("a", "b")
        with pytest.raises(OutsideError, match="broker is down"):
            relay_until_empty(ours, sink, NOW)
        assert sink.taken == []
    assert store.outbox(NOW).parked == ()
    assert relay_until_empty(ours, Sink(), NOW) == 3


class Choosy(Sink):
    """Is there, and will not take some events, in the one way or the other."""

    def __init__(self, *refused: str, error: type[PortoptError]) -> None:
        super().__init__(*refused)
        self.error = error

    def deliver(self, event: Event, *, shard: int = 0, number: int | None = None) -> None:
        if event.event_id in self.refused:
            raise self.error(f"{event.event_id} is too big")
        super().deliver(event, shard=shard, number=number)


@pytest.mark.parametrize("error", [EventRefused, OutsideError])
def test_an_event_that_the_sink_will_not_take_is_parked_at_last_and_stops_its_own_portfolio_only(store, ours, put, error):
    put("a1", "a2", key="P1")
    sink, now = Choosy("a1", error=error), NOW
    for attempt in range(outbox.ATTEMPTS):
        put(f"b{attempt}", key="P2")
        assert relay_until_empty(ours, sink, now) == 1
        assert relay_until_empty(ours, sink, now) == 0  # it waits before it is tried again
        now += timedelta(hours=2)
    assert sink.taken == [f"b{attempt}" for attempt in range(outbox.ATTEMPTS)]
    state = store.outbox(now)
    assert [(event.event_id, event.key, event.why) for event in state.parked] == [("a1", "P1", "a1 is too big")]
    assert (state.waiting, state.behind) == (2, 1)
    put("b9", key="P2")
    assert relay_until_empty(ours, sink, now) == 1
    sink.close()
    assert relay_until_empty(ours, sink, now + timedelta(days=1)) == 0
    assert store.unpark_events() == 1
    assert relay_until_empty(ours, sink, now) == 2
    assert sink.taken[-3:] == ["b9", "a1", "a2"]


def test_the_pauses_before_a_refused_event_is_tried_again_grow(store, ours, put):
    put("a")
    sink, now, pauses = Choosy("a", error=EventRefused), NOW, []
    for _ in range(outbox.ATTEMPTS - 1):
        assert relay_once(ours, sink, now) == 0
        until = store.outbox(now).refused_until
        pauses.append((until - now).total_seconds())
        now = until
    assert pauses == [30.0, 60.0, 120.0, 240.0]


class Silent(Sink):
    """Takes what it is given, and of some does not say so: the connection broke in between."""

    def __init__(self, *silent: str) -> None:
        super().__init__()
        self.silent = set(silent)

    def deliver(self, event: Event, *, shard: int = 0, number: int | None = None) -> None:
        self.take(event, shard, number)
        if event.event_id in self.silent:
            self.silent.discard(event.event_id)
            raise OutsideError("the connection broke")


@pytest.mark.parametrize("other", ["P1", "P2", "P16"])  # of the same portfolio, of another shard, of the same one
def test_an_event_that_arrived_without_a_word_is_neither_sent_again_nor_blamed(store, ours, put, other):
    put("a", key="P1")
    put("b", key=other)
    sink = Silent("a")
    for _ in range(2):
        try:
            relay_until_empty(ours, sink, NOW)
        except OutsideError:
            continue
    assert sink.taken == ["a", "b"]
    state = store.outbox(NOW)
    assert (state.waiting, state.refused) == (0, 0)


def test_the_shards_of_these_portfolios_are_as_the_tests_say():
    assert outbox.shard_of("P1") == outbox.shard_of("P16") != outbox.shard_of("P2")


def test_a_store_from_a_backup_sends_nothing_under_a_number_that_the_broker_has_seen(ours, put):
    put("a", "b")
    sink = Sink()
    sink.numbers[outbox.shard_of("P1")] = 510
    assert relay_until_empty(ours, sink) == 2
    assert sink.numbers[outbox.shard_of("P1")] == 512


def test_a_failure_of_the_store_blames_no_event(store, ours, put, monkeypatch):
    put("a", key="P1")
    put("b", key="P2")

    def gone(*args: object, **kwargs: object) -> int:
        raise OutsideError("the database does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(ours, "advance", gone)
        with pytest.raises(OutsideError, match="database does not answer"):
            relay_once(ours, Sink(), NOW)
    state = store.outbox(NOW)
    assert (state.waiting, state.refused) == (2, 0)


def test_a_follower_takes_over_when_the_one_that_holds_the_shards_ends(store, url, put):
    put("a")
    sink, said = Sink(), []
    first = store.deliveries()
    first.take()
    timer = threading.Timer(0.6, first.close)
    timer.start()
    with closing(SqlStore(url).deliveries()) as second:
        Follower(second, sink, lambda: bool(sink.taken), said.append).follow()
    timer.join()
    assert sink.taken == ["a"]
    assert said[0] == "another relay holds shards 0-7: they are taken over when it ends"
    assert said[1:] == ["delivering of shards 0-7", "1 event delivered"]


def test_a_follower_tells_once_that_the_sink_is_gone_and_goes_on_when_it_is_back(ours, put):
    put("a", "b")
    sink, said, pauses = Sink("a"), [], []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            sink.refused = ()

    assert Follower(ours, sink, lambda: len(sink.taken) == 2, said.append, pause=pause).follow() == 2
    assert pauses == [1.0, 2.0, 4.0]
    assert [line for line in said if "broker" in line] == ["the broker is down; trying again until it is there"]
    assert said[-2:] == ["2 events delivered", "it is there again"]


@pytest.mark.parametrize("moment", ["after_delivery", "mid_line"])
def test_a_relay_killed_at_its_worst_moment_loses_nothing_and_writes_no_line_twice(store, put, url, tmp_path, moment):
    """And the next one need not wait: what the dead one held is free."""
    put("a", "b")
    log = tmp_path / "events.jsonl"
    killed = subprocess.run([sys.executable, CHILD, url, log, moment], capture_output=True, text=True)
    assert (killed.returncode, killed.stdout, killed.stderr) == (-signal.SIGKILL, "", "")
    state = store.outbox()
    assert (state.waiting, state.held) == (2, ())
    with closing(store.deliveries()) as ours:
        assert relay_until_empty(ours, LocalLog(log)) == 2
    assert lines(log) == ["a", "b"]
    assert store.health()["outbox_pending"] == 0


def test_relays_beside_each_other_write_each_event_once(store, put, url, tmp_path):
    put(*(f"{i:03}" for i in range(40)), key="P1")
    put(*(f"{i:03}" for i in range(40, 80)), key="P2")
    log = tmp_path / "events.jsonl"
    command = [sys.executable, CHILD, url, log, "never"]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    delivered = [int(child.communicate(timeout=60)[0]) for child in children]
    found = lines(log)
    assert sum(delivered) == 80
    assert [i for i in found if i < "040"] == [f"{i:03}" for i in range(40)]
    assert [i for i in found if i >= "040"] == [f"{i:03}" for i in range(40, 80)]
