"""From the outbox to the sink: nothing lost, nothing twice in the log, order kept, failures visible."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portopt.adapters.events.local_log import LocalLog
from portopt.adapters.events.relay import relay_once, relay_until_empty
from portopt.adapters.store import outbox
from portopt.adapters.store.sql import SqlStore
from portopt.domain.errors import OutsideError
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


def test_a_sink_that_refuses_stops_the_round_and_the_rest_comes_again_in_order(store, put):
    put("a", "b", "c")
    sink = Sink("b")
    with pytest.raises(OutsideError, match="broker is down"):
        relay_once(store, sink, NOW, lease_seconds=30)
    assert (sink.taken, store.health()["outbox_pending"]) == (["a"], 2)
    assert relay_once(store, sink, NOW + timedelta(seconds=29), lease_seconds=30) == 0
    sink.close()
    assert relay_once(store, sink, NOW + timedelta(seconds=31), lease_seconds=30) == 2
    assert sink.taken == ["a", "b", "c"]


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
