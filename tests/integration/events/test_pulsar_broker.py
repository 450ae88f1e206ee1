"""Events on a real broker: whole, in order, once, whoever is killed."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import brokers
import httpx
import pytest
import small_book
import warm
from support import wait_for

from portopt.adapters.events.pulsar_admin import PulsarAdmin
from portopt.adapters.events.pulsar_sink import PulsarSink
from portopt.adapters.events.relay import Follower, relay_until_empty
from portopt.adapters.store import outbox
from portopt.adapters.store.sql import SqlStore
from portopt.domain.errors import DataError, EventRefused, OutsideError
from portopt.domain.run import Event, RunRecord, RunStatus
from portopt.runs.events import deliver, event_of
from portopt.runtime import Runtime
from portopt.settings import Settings

pytestmark = pytest.mark.pulsar
CHILD = Path(__file__).with_name("broker_child.py")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEYS = ("P1", "P2", "P16")  # two shards
SEED = 20261130
KILLS = int(os.environ.get("PORTOPT_TEST_RELAY_KILLS", "5"))  # twelve took the gate twenty seconds


def event(number: int, key: str = "P1") -> Event:
    body = {"event_id": f"e{number:03}", "timestamp": "2026-11-20T12:00:00.000Z", "portfolio_optimized": {"portfolio_id": key}}
    return Event(f"e{number:03}", "portfolio_optimized", key, body, NOW)


def ids(messages: list) -> list[str]:
    return [message.properties()["id"] for message in messages]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/portopt.db"


@pytest.fixture
def store(url: str):
    found = SqlStore(url)
    found.migrate()
    yield found
    found.close()


@pytest.fixture
def put(store: SqlStore) -> Callable[..., None]:
    """Events of three portfolios in turn, each in its own transaction."""

    def fill(*numbers: int) -> None:
        for number in numbers:
            with store._writing() as connection:
                outbox.put(connection, event(number, KEYS[number % 3]), None)

    return fill


def require_each_once_in_order(messages: list, count: int) -> None:
    assert sorted(ids(messages)) == [f"e{number:03}" for number in range(count)]
    for key in KEYS:
        of_key = [message.properties()["id"] for message in messages if message.partition_key() == key]
        assert of_key == sorted(of_key)


def test_a_message_is_the_body_with_key_envelope_and_time(broker, topic, messages):
    with closing(PulsarSink(broker[0], topic)) as sink:
        sink.deliver(event(1), shard=1, number=1)
    (message,) = messages(broker[0], topic)
    assert json.loads(message.data()) == event(1).body
    assert message.partition_key() == "P1"
    assert message.event_timestamp() == int(NOW.timestamp() * 1000)
    assert message.properties() == {
        "event_id": "e001",
        "specversion": "1.0",
        "id": "e001",
        "source": "portopt",
        "type": "portfolio_optimized",
        "subject": "P1",
        "time": "2026-11-20T12:00:00Z",
        "datacontenttype": "application/json",
    }


def test_the_broker_drops_what_comes_again_under_its_number_and_says_what_it_took(broker, topic, messages):
    with closing(PulsarSink(broker[0], topic)) as sink:
        assert sink.highest(1) == 0
        sink.deliver(event(1), shard=1, number=7)
    with closing(PulsarSink(broker[0], topic)) as after_a_kill:
        assert (after_a_kill.highest(1), after_a_kill.highest(2)) == (7, 0)
        after_a_kill.deliver(event(1), shard=1, number=7)
    assert ids(messages(broker[0], topic)) == ["e001"]


def test_a_second_relay_of_the_same_shard_is_refused_by_the_broker(broker, topic):
    with closing(PulsarSink(broker[0], topic)) as first, closing(PulsarSink(broker[0], topic)) as second:
        first.deliver(event(1), shard=1, number=1)
        with pytest.raises(OutsideError, match="another relay delivers to"):
            second.deliver(event(2), shard=1, number=2)
        second.deliver(event(3), shard=2, number=1)


def test_a_replay_is_marked_and_is_taken_though_its_id_was_delivered(broker, topic, messages):
    with closing(PulsarSink(broker[0], topic)) as sink:
        sink.deliver(event(1), shard=1, number=1)
        sink.replay(event(1))
        sink.replay(event(1))
    found = messages(broker[0], topic)
    assert ids(found) == ["e001"] * 3
    assert [message.properties().get("replay") for message in found] == [None, "true", "true"]
    assert {message.data() for message in found} == {found[0].data()}


def test_an_event_over_the_brokers_limit_is_refused_and_the_next_goes_on(broker, topic, messages):
    large = Event("large", "portfolio_optimized", "P1", {"text": "x" * 6_000_000}, NOW)
    with closing(PulsarSink(broker[0], topic)) as sink:
        with pytest.raises(EventRefused, match="refuses event large"):
            sink.deliver(large, shard=1, number=1)
        sink.deliver(event(2), shard=1, number=2)
    assert ids(messages(broker[0], topic)) == ["e002"]


def test_a_relay_killed_at_any_step_delivers_nothing_twice_and_loses_nothing(store, url, put, broker, topic, messages):
    """Relays are killed one after the other, at seeded steps before and after every commit and acknowledgement."""
    count, random_step = 4 * KILLS, random.Random(SEED)
    put(*range(count))
    killed = 0
    for _ in range(KILLS):
        command = [sys.executable, str(CHILD), url, broker[0], topic, str(random_step.randint(1, 16))]
        killed += warm.run(command, env=os.environ, timeout=120).returncode == -signal.SIGKILL
    assert killed == KILLS
    with closing(store.deliveries()) as ours, closing(PulsarSink(broker[0], topic)) as sink:
        relay_until_empty(ours, sink)
    assert store.outbox().waiting == 0
    require_each_once_in_order(messages(broker[0], topic), count)


def test_three_hundred_events_take_two_seconds_or_so(store, put, broker, topic, messages):
    """Three on a busy machine would do; a pause per event would not."""
    put(*range(300))
    with closing(store.deliveries()) as ours, closing(PulsarSink(broker[0], topic)) as sink:
        ours.take()
        sink.highest(1)
        began = time.monotonic()
        assert relay_until_empty(ours, sink) == 300
        assert time.monotonic() - began < 12.0
    require_each_once_in_order(messages(broker[0], topic), 300)


def test_a_topic_that_is_unloaded_meanwhile_loses_and_repeats_nothing(store, put, broker, topic, messages, monkeypatch):
    monkeypatch.setattr(outbox, "FIRST_PAUSE", 1.0)  # an event that met the unloading may be taken for refused, and waits
    put(*range(90))
    unloaded = f"{broker[1]}/admin/v2/{topic.replace('://', '/')}/unload"
    with closing(store.deliveries()) as ours, closing(PulsarSink(broker[0], topic)) as sink:
        stop = threading.Event()
        answers: list[int] = []

        def unload() -> None:
            while not stop.wait(0.1) and store.may_be_sent():
                answers.append(httpx.put(unloaded, timeout=20).status_code)

        sink.highest(outbox.shard_of("P1"))
        thread = threading.Thread(target=unload)
        thread.start()
        follower = Follower(ours, sink, lambda: store.outbox().waiting == 0, lambda said: None)
        follower.follow()
        stop.set()
        thread.join()
    assert 204 in answers
    assert store.outbox().parked == ()
    require_each_once_in_order(messages(broker[0], topic), 90)


def test_set_up_makes_what_doctor_asks_for(broker, topic, messages):
    admin = PulsarAdmin(broker[1], topic)
    assert admin.state("desk") is None
    admin.set_up("desk", retention_days=2.0)
    admin.set_up("desk", retention_days=3.0)
    state = admin.state("desk")
    assert state is not None
    assert (state.retention_minutes, state.deduplicates, state.backlog) == (4320, True, 0)
    with closing(PulsarSink(broker[0], topic)) as sink:
        sink.deliver(event(1), shard=1, number=1)
    assert admin.state("desk").backlog == 1
    assert admin.state("nobody").backlog is None


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "broker"])
def test_an_administration_that_is_not_there_is_an_outside_error(address, broker, topic):
    url = broker[0].replace("pulsar://", "http://") if address == "broker" else address
    with pytest.raises((OutsideError, DataError)) as refused:
        PulsarAdmin(url, topic).state("desk")
    assert "PORTOPT_PULSAR" in refused.value.fixes[0]


def test_what_a_killed_broker_had_to_take_it_takes_when_it_is_back(store, put, own_broker, topic, messages, tmp_path):
    """Killed in the middle; down while events come and proposals run (the promise R4 at a small size); restarted.

    None is lost, none comes twice, each portfolio's are in order. A broker's start is dear, so that one serves both.
    """
    proposals = f"{topic}-proposals"
    for named in (topic, proposals):
        PulsarAdmin(own_broker.admin_url, named).set_up("desk", 1.0)
    put(*range(30))
    said: list[str] = []
    with closing(store.deliveries()) as ours, closing(PulsarSink(own_broker.url, topic)) as sink:
        done = threading.Event()
        follower = Follower(
            ours, KilledAfter(sink, 12, own_broker), done.is_set, said.append, pause=lambda s: time.sleep(min(s, 2.0))
        )
        thread = threading.Thread(target=follower.follow)
        thread.start()
        try:
            wait_for(lambda: any("trying again" in line for line in said), 60, "the relay did not say that the broker is gone")
            assert store.outbox().waiting >= 17
            put(*range(30, 60))
            runtime = Runtime(
                Settings(home=tmp_path / "home", events="pulsar", pulsar_url=own_broker.url, pulsar_topic=proposals)
            )
            runs = proposed_while_it_is_down(runtime)
            own_broker.start()
            wait_for(lambda: store.outbox().waiting == 0, 120, f"what waited was not delivered: {said[-3:]}")
        finally:
            done.set()
            thread.join()
    assert store.outbox().parked == ()
    require_each_once_in_order(messages(own_broker.url, topic), 60)
    assert PulsarAdmin(own_broker.admin_url, topic).state("desk").backlog == 60
    assert deliver(runtime) == len(runs)
    assert runtime.runs.outbox().waiting == 0
    runtime.sink.close()
    assert ids(messages(own_broker.url, proposals)) == [event_of(run).event_id for run in runs]


class KilledAfter:
    """A sink whose broker is killed while it takes the event after so many."""

    def __init__(self, sink: PulsarSink, taken: int, broker: brokers.Broker) -> None:
        self.sink, self.left, self.broker = sink, taken, broker

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sink, name)

    def deliver(self, event: Event, **numbered: Any) -> None:
        killing = threading.Thread(target=self.broker.kill)
        if self.left == 0:
            killing.start()
        self.left -= 1
        try:
            self.sink.deliver(event, **numbered)
        finally:
            if killing.ident:
                killing.join()


def proposed_while_it_is_down(runtime: Runtime) -> list[RunRecord]:
    """All end well, and none waits for the broker."""
    began = time.monotonic()
    runs = [small_book.rebalance(runtime, cash=5000 + 10 * number) for number in range(8)]
    assert [run.status for run in runs] == [RunStatus.COMPLETED] * 8
    assert time.monotonic() - began < 60.0, "a proposal waited for the broker"
    assert runtime.runs.outbox().waiting == 8
    with pytest.raises(OutsideError, match="the broker at"):
        deliver(runtime)
    return runs
