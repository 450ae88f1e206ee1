"""A home copied while it is written to is a home by itself: every run it knows of replays there to the same bytes."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
import small_book

from portopt.domain.errors import InvalidValue
from portopt.questions.health import doctor
from portopt.runs import history
from portopt.runs.backup import backup
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

TRUSTED = ("store", "pricing packs", "runs", "litter")


def test_a_copy_that_is_made_while_runs_are_written_is_sound_and_replays_every_run(tmp_path: Path) -> None:
    runtime = open_runtime(Settings(home=tmp_path / "home"))
    small_book.rebalance(runtime, 1_000)
    over, made = threading.Event(), []

    def work() -> None:
        cash = 2_000
        while not over.is_set():
            made.append(small_book.rebalance(runtime, cash).run_id)
            cash += 1_000

    writer = threading.Thread(target=work)
    writer.start()
    try:
        copies = []
        while len(made) < 2 or not copies:
            copies.append(tmp_path / f"copy-{len(copies)}")
            backup(runtime, copies[-1])
    finally:
        over.set()
        writer.join()
    require_whole(open_runtime(Settings(home=copies[-1])))
    assert len(made) >= 2


def require_whole(restored: Runtime) -> None:
    runs = restored.runs.runs(limit=100)
    assert runs
    for run in runs:
        if run.completed_at is not None:
            assert history.replay(run.run_id, restored)["same"]
    assert not list(restored.ledger.verify())
    found = {check.name: check.ok for check in doctor(restored).checks if check.name in TRUSTED}
    assert all(found.values()), found
    restored.runs.close()


def test_a_copy_is_of_its_instant_and_goes_on_by_itself(tmp_path: Path) -> None:
    runtime = open_runtime(Settings(home=tmp_path / "home"))
    first = small_book.rebalance(runtime, 1_000)
    backup(runtime, tmp_path / "copy")
    small_book.rebalance(runtime, 2_000)
    restored = open_runtime(Settings(home=tmp_path / "copy"))
    assert [run.run_id for run in restored.runs.runs()] == [first.run_id]
    again = small_book.rebalance(restored, 2_000)
    assert runtime.runs.get(again.run_id).document_digest == again.document_digest
    assert len(restored.settings.event_log_path.read_text().splitlines()) == 2


def test_a_folder_that_holds_something_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "letter").write_text("mine")
    with pytest.raises(InvalidValue, match="is not empty"):
        backup(open_runtime(Settings(home=tmp_path / "home")), tmp_path / "kept")
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["letter"]


def test_the_copied_database_stands_alone(tmp_path: Path) -> None:
    runtime = open_runtime(Settings(home=tmp_path / "home"))
    small_book.rebalance(runtime)
    backup(runtime, tmp_path / "copy")
    assert sorted(path.name for path in (tmp_path / "copy").glob("portopt.db*")) == ["portopt.db"]
    with sqlite3.connect(tmp_path / "copy" / "portopt.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
