"""Pieces that nobody goes on with are swept after their days; those of a run that is worked on, or will be, never are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_history import form_in
from support import environment

from portopt.adapters.store.pieces import FilePieceStore
from portopt.domain.run import RunRecord
from portopt.doors.history_form import resolve
from portopt.questions.through_time import pieces
from portopt.questions.through_time.pieces import carrying
from portopt.runs import jobs
from portopt.runs.submissions import AskedFor
from portopt.runs.through_time import life
from portopt.runs.through_time.submissions import submit
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

DAY = 86_400.0


@pytest.fixture
def store(tmp_path: Path) -> FilePieceStore:
    return FilePieceStore(tmp_path / "pieces")


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[tuple[Runtime, RunRecord]]:
    runtime = open_runtime(Settings(home=tmp_path / "home"))
    question = resolve(form_in(runtime, tmp_path), runtime)
    yield runtime, life.begin(None, question, pieces.open_pack(question, runtime), runtime)
    carrying._open.clear()


def grown_old(store: FilePieceStore, run_id: str, days: float) -> None:
    at = time.time() - days * DAY
    os.utime(store.directory / run_id, (at, at))


def test_only_what_nobody_touched_for_so_long_is_idle(store: FilePieceStore) -> None:
    assert store.idle(0.0) == ()
    for run_id, days in (("old", 8.0), ("older", 30.0), ("young", 6.0)):
        store.put(run_id, "try-01", b"kept")
        grown_old(store, run_id, days)
    store.put("older", "try-02", b"kept")  # what is put there makes it young
    assert store.idle(7.0 * DAY) == ["old"]
    assert store.idle(7.0 * DAY, now=time.time() + 2.0 * DAY) == ["old", "young"]
    store.taken_up("old")
    assert store.idle(7.0 * DAY) == []


def test_who_takes_a_run_up_as_it_is_swept_finds_its_pieces(store: FilePieceStore) -> None:
    store.put("run", "try-01", b"kept")
    grown_old(store, "run", 8.0)
    assert store.idle(7.0 * DAY) == ["run"]
    store.taken_up("run")
    assert not store.forget_idle("run", 7.0 * DAY)
    assert store.get("run", "try-01") == b"kept"
    assert os.listdir(store.directory) == ["run"]


def test_what_was_put_aside_and_is_needed_again_stands_beside_what_was_kept_meanwhile(store: FilePieceStore) -> None:
    """The moment between the two steps of a sweep, as if another process had come just then."""
    store.put("run", "try-01", b"one")
    (store.directory / "run").rename(store.directory / ".idle-run")
    store.put("run", "try-02", b"two")
    assert not store.forget_idle("run", 7.0 * DAY)  # what is aside is young
    assert (store.get("run", "try-01"), store.get("run", "try-02")) == (b"one", b"two")
    assert os.listdir(store.directory) == ["run"]


def test_a_sweep_that_was_killed_after_its_first_step_is_ended_by_the_next(store: FilePieceStore) -> None:
    store.put("run", "try-01", b"one")
    grown_old(store, "run", 8.0)
    (store.directory / "run").rename(store.directory / ".idle-run")
    assert store.idle(7.0 * DAY) == ["run"]
    assert store.forget_idle("run", 7.0 * DAY)
    assert os.listdir(store.directory) == []


def test_the_sweep_forgets_an_abandoned_run_and_it_is_worked_out_again_when_it_is_asked_for(
    begun: tuple[Runtime, RunRecord],
) -> None:
    runtime, run = begun
    first = pieces.missing(run.run_id, runtime)[0][0]
    pieces.work(run.run_id, first, runtime)
    assert jobs.sweep(runtime)["pieces_forgotten"] == []
    grown_old(runtime.pieces, run.run_id, 6.9)
    assert jobs.sweep(runtime)["pieces_forgotten"] == []
    grown_old(runtime.pieces, run.run_id, 7.1)
    assert jobs.sweep(runtime)["pieces_forgotten"] == [run.run_id]
    assert first in pieces.missing(run.run_id, runtime)[0]


def test_the_pieces_of_a_run_that_a_job_will_go_on_with_are_kept_however_old(begun: tuple[Runtime, RunRecord]) -> None:
    runtime, run = begun
    question = life.question_from_data(run.request)
    job = submit(question, {"portfolio_id": "small"}, runtime, AskedFor("desk"), names_its_data=True)
    with jobs.leased(job.job_id, runtime, kinds=["walk_forward"]) as taken:
        assert taken is not None
        life.begin(taken, question, pieces.open_pack(question, runtime), runtime)
        pieces.work(run.run_id, pieces.missing(run.run_id, runtime)[0][0], runtime)
    jobs.give_back(job.job_id, runtime)  # its runner is gone, and another is awaited
    grown_old(runtime.pieces, run.run_id, 100.0)
    assert jobs.sweep(runtime)["pieces_forgotten"] == []
    life.cancel(runtime.jobs.get(job.job_id), runtime, by="desk")
    assert jobs.sweep(runtime)["pieces_forgotten"] == [run.run_id]


def test_a_worker_killed_in_the_middle_leaves_pieces_that_outlive_sweeps_until_their_days(
    begun: tuple[Runtime, RunRecord], tmp_path: Path
) -> None:
    runtime, run = begun
    work = (
        "from portopt.questions.through_time import pieces; from portopt.runtime import runtime\n"
        f"for names in pieces.missing('{run.run_id}', runtime()):\n"
        f"    for name in names: pieces.work('{run.run_id}', name, runtime()); print(name, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", work], env=environment(runtime.settings.home_path), stdout=subprocess.PIPE, cwd=tmp_path
    )
    assert process.stdout is not None
    kept = []
    for _ in range(2):
        kept.append(process.stdout.readline().decode().strip())
        assert jobs.sweep(runtime)["pieces_forgotten"] == []
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert jobs.sweep(runtime)["pieces_forgotten"] == []
    assert all(runtime.pieces.has(run.run_id, piece) for piece in kept)
    left = [piece for names in pieces.missing(run.run_id, runtime) for piece in names]
    assert not set(kept) & set(left)
    for piece in left:
        pieces.work(run.run_id, piece, runtime)
    assert pieces.conclude(run.run_id, runtime)["kind"] == "walk_forward"
