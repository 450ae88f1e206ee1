"""A walk-forward in pieces: the bytes of the one at once, whoever works out which piece, and what it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_history import form_in

from portopt.document.walk_forward import walk_document
from portopt.domain.canonical import canonical_json
from portopt.domain.errors import Conflict, DataError
from portopt.domain.job import Job
from portopt.domain.run import RunRecord, RunStatus
from portopt.doors.history_form import resolve
from portopt.questions.through_time import pieces
from portopt.questions.through_time.pieces import carrying
from portopt.questions.through_time.question import asked_on
from portopt.questions.walk_forward import walk_forward
from portopt.runs.submissions import AskedFor
from portopt.runs.through_time import life
from portopt.runs.through_time.submissions import submit
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[tuple[Runtime, RunRecord]]:
    runtime = open_runtime(Settings(home=tmp_path / "home"))
    question = resolve(form_in(runtime, tmp_path, prove=True), runtime)
    yield runtime, life.begin(None, question, pieces.open_pack(question, runtime), runtime)
    carrying._open.clear()


def worked_out(runtime: Runtime, run_id: str) -> None:
    """Each piece as a process does that knows nothing of the others."""
    for names in pieces.missing(run_id, runtime):
        for piece in names:
            carrying._open.clear()
            assert pieces.work(run_id, piece, runtime) == piece


def test_pieces_by_whoever_one_of_them_damaged_come_to_the_bytes_of_all_at_once(begun: tuple[Runtime, RunRecord]) -> None:
    runtime, run = begun
    rounds = pieces.missing(run.run_id, runtime)
    assert [len(names) for names in rounds] == [8, 1, 1, 1]  # variants at once, two stretches, the proof
    worked_out(runtime, run.run_id)
    assert pieces.missing(run.run_id, runtime) == ((),) * 4
    document = pieces.conclude(run.run_id, runtime)
    damage_is_made_good(runtime, run, canonical_json(document))

    question = life.question_from_data(run.request)
    asked = asked_on(question, pieces.open_pack(question, runtime))
    assert question.walk is not None
    at_once = walk_document(walk_forward(asked, question.walk, registry=runtime.trials), run.run_id)
    assert canonical_json(document) == canonical_json(at_once)
    assert document["proof"]["holds"]
    assert document["trials"]["here"] == document["trials"]["known"] == 12

    ended = life.finish(None, run, document, {"work": 1.0}, runtime)
    assert ended.status is RunStatus.COMPLETED
    assert (runtime.settings.reports_path / f"{run.run_id}.html").is_file()
    days = runtime.histories.ask("SELECT count(*), arg_max(net, date) FROM days").rows[0]
    assert days == (len(document["days"]["net"]), document["days"]["net"][-1])
    assert runtime.histories.ask("SELECT run_id, policy, capital FROM runs").rows == ((run.run_id, "small", 1e6),)
    assert "windows" in runtime.histories.tables()


def damage_is_made_good(runtime: Runtime, run: RunRecord, before: bytes) -> None:
    """A piece that is damaged is named and worked out again, to the bytes there were."""
    damaged = runtime.settings.pieces_path / run.run_id / "try-03.part"
    content = bytearray(damaged.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(bytes(content))
    with pytest.raises(DataError, match="try-03"):
        pieces.conclude(run.run_id, runtime)
    assert pieces.missing(run.run_id, runtime)[0] == ("try-03",)
    worked_out(runtime, run.run_id)
    assert canonical_json(pieces.conclude(run.run_id, runtime)) == before


def submitted(runtime: Runtime, run: RunRecord) -> Job:
    question = life.question_from_data(run.request)
    return submit(question, {"portfolio_id": "small"}, runtime, AskedFor("desk"), names_its_data=True)


def test_who_was_cancelled_is_told_as_it_tells_how_far_it_is_and_overrules_nobody(begun: tuple[Runtime, RunRecord]) -> None:
    from portopt.runs import jobs

    runtime, run = begun
    job = submitted(runtime, run)
    assert submitted(runtime, run).job_id == job.job_id
    with jobs.leased(job.job_id, runtime, kinds=["walk_forward"]) as taken:
        assert taken is not None
        life.begin(taken, life.question_of(taken), pieces.open_pack(life.question_of(taken), runtime), runtime)
        life.tell(taken, 25.0, "try-01", 3.0, runtime)
        told = runtime.jobs.get(job.job_id)
        assert told.progress == {"percent": 25.0, "said": "try-01", "seconds_left": 3.0}
        assert life.cancel(told, runtime, by="desk")
        with pytest.raises(Conflict):
            life.tell(taken, 50.0, "try-02", 2.0, runtime)
        with pytest.raises(Conflict):
            life.finish(taken, run, {"kind": "walk_forward"}, {}, runtime)
    assert runtime.jobs.get(job.job_id).status is RunStatus.CANCELLED
    assert not life.cancel(runtime.jobs.get(job.job_id), runtime, by="desk")
