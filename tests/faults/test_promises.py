"""A few of each fault, so that every change meets them; `make faults` tries them by the hundred (docs/promise.md)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import small_book
from faults.promises.clocks import daylight_is_saved
from faults.promises.full_disk import disk_is_full, small_disk
from faults.promises.kept import Kept
from faults.promises.moments import connection_is_cut, process_is_killed
from faults.promises.proxy import upstream
from faults.promises.replays import is_replayed
from faults.promises.skew import clocks_are_wrong
from faults.promises.upstreams import upstream_misbehaves
from integration.store.conftest import Databases, databases, postgres_url
from support import environment

from portopt.adapters.store.sql import SqlStore
from portopt.runtime import Runtime
from portopt.settings import Settings

__all__ = ["databases", "postgres_url"]  # fixtures of the store's tests


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    if request.param == "sqlite":
        yield None
        return
    found: Databases = request.getfixturevalue("databases")
    with found.one() as url:
        yield url


def require_kept(kept: Kept, tried: int) -> None:
    assert not kept.broken, "\n".join(kept.broken)
    assert kept.tried == tried


def test_a_connection_cut_between_two_statements_leaves_all_rows_or_none(tmp_path: Path, url: str | None) -> None:
    require_kept(connection_is_cut(tmp_path, url, most=5, seed=3), 5)


def test_a_process_killed_between_two_statements_leaves_what_the_next_one_ends_once(tmp_path: Path, url: str | None) -> None:
    require_kept(process_is_killed(tmp_path, url, most=4, seed=5), 4)


def test_a_full_disk_is_refused_in_words_and_harms_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        if disk is None:
            if os.environ.get("CI"):
                pytest.fail("the gate may mount no file system: run it as root, or the promise is not tried")
            pytest.skip("no file system may be mounted here: it takes root")
        require_kept(disk_is_full(disk, tmp_path / "book", steps=3), 3)


def test_an_upstream_that_misbehaves_costs_bounded_time() -> None:
    require_kept(upstream_misbehaves(("prices", "database"), ("garbage", "truncated", "reset")), 6)


def test_a_relay_at_whose_brokers_address_no_broker_answers_ends_in_bounded_time(tmp_path: Path) -> None:
    """The client library tries again within one call of its own, for 181 s: it is not asked where no broker answers."""
    small_book.rebalance(Runtime(Settings(home=tmp_path, events="pulsar")))
    began = time.monotonic()
    with upstream("garbage") as port:
        variables = environment(tmp_path) | {"PORTOPT_EVENTS": "pulsar", "PORTOPT_PULSAR_URL": f"pulsar://127.0.0.1:{port}"}
        command = [sys.executable, "-m", "portopt.doors.cli", "relay", "--json"]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=150, check=False)
    assert time.monotonic() - began < 60
    assert done.returncode == 5, done
    assert json.loads(done.stdout)["detail"].endswith("is no Pulsar broker")


@pytest.mark.postgres
def test_a_database_whose_machine_is_gone_without_a_word_is_noticed_within_half_a_minute(postgres_url: str) -> None:
    """What the system asks and waits for on a line that is silent: nothing here can make a machine vanish."""
    store = SqlStore(postgres_url)
    with store.database.engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        with socket.socket(fileno=os.dup(driver.pgconn.socket)) as line:
            options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            idle, interval, count = (line.getsockopt(socket.IPPROTO_TCP, option) for option in options)
            unacknowledged = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    store.close()
    assert idle + interval * count <= 30
    assert 0 < unacknowledged <= 30_000


def test_a_schedule_fires_once_a_day_over_both_changes_of_the_clock() -> None:
    kept = daylight_is_saved()
    assert not kept.broken, "\n".join(kept.broken)
    assert kept.tried > 700


def test_a_clock_that_is_wrong_decides_nothing(tmp_path: Path, url: str | None) -> None:
    require_kept(clocks_are_wrong(tmp_path, url), 6)


def test_a_run_is_replayed_to_the_same_bytes_beside_busy_processes(tmp_path: Path) -> None:
    require_kept(is_replayed(tmp_path, times=2, processes=2), 2)
