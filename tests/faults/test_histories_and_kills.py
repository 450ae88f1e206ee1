"""A walk-forward whose process is killed again and again: what was finished is not worked out again; the same bytes.

PORTOPT_KILLS=20 kills it twenty times, in a history of 1,200 days; make test asks for a few, in one of 480.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

import warm
from small_history import form_in
from support import environment

from portopt.domain.canonical import canonical_json
from portopt.domain.run import RunStatus
from portopt.doors.history_form import resolve
from portopt.questions.through_time import pieces
from portopt.questions.through_time.pieces.carrying import opened
from portopt.runs.through_time import life
from portopt.runtime import open_runtime
from portopt.settings import Settings

KILLS = int(os.environ.get("PORTOPT_KILLS", "2"))
CHILD = Path(__file__).with_name("history_child.py")
SEED, DAYS = 12, 480 if KILLS < 5 else 1_200  # sessions enough for eleven pieces, or sixteen


def started(home: Path, api: str, form: str) -> warm.Child:
    command = [sys.executable, str(CHILD), str(home / "journal"), form]
    (home / "output").unlink(missing_ok=True)
    process = warm.begin(command, home, env=environment(home, api), cwd=home)
    while not told(process):
        assert process.poll() is None, process.errors.read_text()
        time.sleep(0.002)
    return process


def told(process: warm.Child) -> list[str]:
    return process.output.read_text().splitlines() if process.output.exists() else []


def lines(home: Path) -> list[str]:
    path = home / "journal"
    return path.read_text().splitlines() if path.exists() else []


def killed_at_a_moment(process: warm.Child, home: Path, rng: random.Random) -> bool:
    """Once so many pieces more were begun or kept, and a moment later; False where it had ended by then."""
    more, before = rng.choice((0, 1, 1, 2)), len(lines(home))
    while process.poll() is None and len(lines(home)) < before + more:
        time.sleep(0.002)
    time.sleep(rng.uniform(0.0, 0.05))
    if process.poll() is not None:
        return False
    process.kill()
    process.wait()
    return True


def test_nothing_that_was_finished_is_worked_out_again_and_the_bytes_are_the_same(tmp_path: Path, prefect_server: str) -> None:
    home = tmp_path / "killed"
    home.mkdir()
    runtime = open_runtime(Settings(home=home))
    form, rng, kills = form_in(runtime, tmp_path, DAYS), random.Random(SEED), 0
    while kills < KILLS:
        process = started(home, prefect_server, form.model_dump_json())
        assert killed_at_a_moment(process, home, rng), "it was too quick: give it more to do"
        kills += 1
    process = started(home, prefect_server, form.model_dump_json())
    assert process.wait(300) == 0, process.errors.read_text()
    run = runtime.runs.get(told(process)[-1])
    assert run.status is RunStatus.COMPLETED

    journal = lines(home)
    kept = [line.split()[1] for line in journal if line.startswith("kept")]
    for piece in kept:  # one whose process was killed as it was kept may lack its line, and was found all the same
        assert f"begun {piece}" not in journal[journal.index(f"kept {piece}") :], f"{piece} was worked out again"
    assert len(kept) == len(set(kept)) > 5
    elsewhere = open_runtime(Settings(home=tmp_path / "quiet"))
    form_in(elsewhere, tmp_path, DAYS)
    question = resolve(form, elsewhere)
    quiet = life.begin(None, question, pieces.open_pack(question, elsewhere), elsewhere)
    for names in opened(quiet.run_id, elsewhere).rounds:
        for piece in names:
            pieces.work(quiet.run_id, piece, elsewhere)
    assert quiet.run_id == run.run_id
    assert canonical_json(pieces.conclude(quiet.run_id, elsewhere)) == canonical_json(run.document)
