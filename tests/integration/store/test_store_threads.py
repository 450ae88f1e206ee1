"""One installation shared by many threads: each part of it is opened once, and what they do at once is done once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import small_book

import portopt.runtime as runtime_module
from portopt.adapters.events.local_log import LocalLog
from portopt.adapters.store.packs import FilePackStore
from portopt.adapters.store.sql import SqlStore
from portopt.domain.errors import PortoptError
from portopt.domain.run import RunStatus
from portopt.runtime import Runtime
from portopt.settings import Settings

THREADS = 32
PARTS = ("home", "packs", "runs", "portfolios", "jobs", "keys", "ledger", "beliefs", "sink")


def at_once(question: Callable[[], Any], threads: int = THREADS) -> list[Any]:
    """What each thread gets that asks at the same moment as all the others."""
    barrier = threading.Barrier(threads)

    def ask(_: int) -> Any:
        barrier.wait()
        return question()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(ask, range(threads)))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each part was made; making takes long enough for every other thread to come by."""
    counted: Counter[str] = Counter()
    for kind in (SqlStore, FilePackStore, LocalLog, Settings):
        original = kind.__init__

        def slow(self: Any, *a: Any, _original: Any = original, _name: str = kind.__name__, **k: Any) -> None:
            counted[_name] += 1
            time.sleep(0.05)
            _original(self, *a, **k)

        monkeypatch.setattr(kind, "__init__", slow)
    return counted


def test_threads_that_come_at_once_share_one_store_one_sink_and_one_home(
    url: str, tmp_path: Path, opened: Counter[str]
) -> None:
    runtime = Runtime(Settings(home=tmp_path / "home", database_url=url))
    opened.clear()
    found = at_once(lambda: (runtime.runs, runtime.sink, runtime.packs, runtime.home, runtime.runs.health()["revision"]))
    assert len({tuple(map(id, parts[:3])) for parts in found}) == 1
    assert len({parts[3:] for parts in found}) == 1
    assert opened == {"SqlStore": 1, "LocalLog": 1, "FilePackStore": 1}
    runtime.runs.close()


def test_threads_that_come_at_once_share_one_runtime_of_the_process(
    tmp_path: Path, opened: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    runtime_module.runtime.cache_clear()
    assert len({id(found) for found in at_once(runtime_module.runtime)}) == 1
    assert opened == {"Settings": 1}
    runtime_module.runtime.cache_clear()


def test_a_part_that_could_not_be_opened_is_opened_by_the_next_that_asks(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    runtime = Runtime(Settings(home=tmp_path / "home"))

    def code() -> str:
        try:
            return str(runtime.runs.runs())
        except PortoptError as error:
            return error.code

    assert at_once(code, threads=4) == ["upstream_failed"] * 4
    (tmp_path / "home").unlink()
    assert runtime.runs.runs() == []


def test_a_long_lived_process_opens_every_part_once_before_its_first_question(
    url: str, tmp_path: Path, opened: Counter[str]
) -> None:
    runtime = Runtime(Settings(home=tmp_path / "home", database_url=url))
    opened.clear()
    assert set(at_once(runtime.opened)) == {runtime}
    once, parts = Counter(opened), {name: vars(runtime)[name] for name in PARTS}
    assert set(once.values()) == {1}
    found = at_once(lambda: tuple(id(getattr(runtime, name)) for name in PARTS))
    assert set(found) == {tuple(map(id, parts.values()))}
    assert opened == once
    runtime.runs.close()


def test_what_does_not_open_at_the_start_is_raised_or_told_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "home").write_text("a file")
    runtime = Runtime(Settings(home=tmp_path / "home"))
    with pytest.raises(PortoptError, match="cannot write to"):
        runtime.opened()
    assert runtime.opened(needed=False) is runtime
    told = [record.getMessage().split(" cannot be opened yet", 1)[0] for record in caplog.records]
    assert {"home", "runs", "sink"} <= set(told)
    (tmp_path / "home").unlink()
    assert runtime.opened().runs.runs() == []


def test_threads_that_ask_the_same_at_once_make_one_run_and_one_event(url: str, tmp_path: Path) -> None:
    runtime = Runtime(Settings(home=tmp_path / "home", database_url=url))
    records = at_once(lambda: small_book.rebalance(runtime), threads=8)
    (line,) = runtime.runs.runs()
    assert {(record.run_id, record.document_digest) for record in records} == {(line.run_id, line.document_digest)}
    assert line.status is RunStatus.COMPLETED
    assert len(runtime.settings.event_log_path.read_text(encoding="utf-8").splitlines()) == 1
    runtime.runs.close()
