"""Relays beside each other on one store: who holds a shard, who takes it over, and what a server's restart does to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing

import pytest
from sqlalchemy import text
from support import wait_for

from portopt.adapters.events.relay import Follower
from portopt.adapters.store import outbox
from portopt.adapters.store.sql import SqlStore
from portopt.domain.errors import OutsideError
from portopt.domain.run import Event

HOLD = "import sys, time; from portopt.adapters.store.sql import SqlStore; " + (
    "ours = SqlStore(sys.argv[1]).deliveries(); print(len(ours.take()), flush=True); time.sleep(600)"
)


END_HOLDERS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
    AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2)"""


class Kept:
    """A sink that keeps what it took."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.numbers: dict[int, int] = {}

    def deliver(self, event: Event, *, shard: int = 0, number: int | None = None) -> None:
        assert number is not None
        self.numbers[shard] = number
        self.taken.append(event.event_id)

    def replay(self, event: Event) -> None:
        self.taken.append(event.event_id)

    def highest(self, shard: int) -> int:
        return self.numbers.get(shard, 0)

    def close(self) -> None: ...


@pytest.fixture
def put(event) -> Callable[..., None]:
    def fill(store: SqlStore, *numbers: int) -> None:
        for number in numbers:
            with store._writing() as connection:
                outbox.put(connection, event(f"{number:03}", f"P{number % 5}"), None)

    return fill


def test_the_shards_of_a_relay_that_is_killed_are_free_at_once(store, url):
    holder = subprocess.Popen([sys.executable, "-c", HOLD, url], stdout=subprocess.PIPE, text=True, env=os.environ)
    assert holder.stdout is not None
    assert holder.stdout.readline() == f"{outbox.SHARDS}\n"
    with closing(store.deliveries()) as ours:
        assert ours.take() == frozenset()
        assert f"process {holder.pid} on" in store.outbox().held[0].holder
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
        began = time.monotonic()
        wait_for(lambda: ours.take() == ours.wanted, 10, "the shards were not free")
        assert time.monotonic() - began < 5.0


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_relays_of_different_shards_work_side_by_side(store, put):
    put(store, *range(40))
    with closing(store.deliveries({0, 1, 2, 3})) as low, closing(store.deliveries()) as rest:
        assert low.take() == {0, 1, 2, 3}
        assert rest.take() == {4, 5, 6, 7}
        assert {waiting.shard for waiting in low.waiting(100)} <= {0, 1, 2, 3}
        assert {waiting.shard for waiting in rest.waiting(100)} <= {4, 5, 6, 7}
        assert len(low.waiting(100)) + len(rest.waiting(100)) == 40
        low.close()
        assert rest.take() == set(range(8))


@pytest.mark.postgres
def test_a_relay_lives_through_a_restart_of_the_database_and_goes_on(own_server, put):
    server = own_server()
    store = SqlStore(server.url)
    store.migrate()
    put(store, *range(20))
    sink, said, stop = Kept(), [], threading.Event()
    with closing(store.deliveries()) as ours:
        thread = threading.Thread(target=Follower(ours, sink, stop.is_set, said.append).follow)
        thread.start()
        wait_for(lambda: len(sink.taken) == 20, 60, "nothing was delivered")
        server.stop()
        wait_for(lambda: any("trying again" in line for line in said), 60, "it did not notice")
        server.start()
        put(store, *range(20, 40))
        wait_for(lambda: len(sink.taken) >= 40, 60, "it did not go on")
        stop.set()
        thread.join()
    assert sink.taken == [f"{number:03}" for number in range(40)]
    assert said.count("delivering of shards 0-7") == 2
    store.close()


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_relay_whose_session_the_server_ended_holds_nothing_and_says_so(store):
    with closing(store.deliveries()) as ours:
        ours.take()
        with store._writing() as connection:
            ended = connection.execute(text(END_HOLDERS)).scalars().all()
        assert ended == [True]
        with pytest.raises(OutsideError):
            ours.take()
        assert ours.held == frozenset()
        assert ours.take() == ours.wanted
