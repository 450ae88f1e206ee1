"""Something was lost or damaged after a run was stored: asked again, the run does whatever it owes, and the advice works."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import small_book

from portopt.document.health import health_document
from portopt.domain.errors import DataError
from portopt.domain.run import RunRecord, RunStatus
from portopt.questions import health
from portopt.runs import history, lifecycle
from portopt.runs.report import kept_report
from portopt.runtime import Runtime
from portopt.settings import Settings


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunRecord]:
    """A home with one run, and the run."""
    home = tmp_path_factory.mktemp("owed") / "home"
    return home, rebalance(home)


@pytest.fixture
def home(stored: tuple[Path, RunRecord], tmp_path: Path) -> Path:
    """A copy of it, to harm."""
    return Path(shutil.copytree(stored[0], tmp_path / "home"))


def opened(home: Path) -> Runtime:
    return Runtime(Settings(home=home))


def rebalance(home: Path) -> RunRecord:
    return small_book.rebalance(opened(home))


def change(home: Path, statement: str) -> None:
    with sqlite3.connect(home / "portopt.db") as database:
        assert database.execute(statement).rowcount == 1


def asked(home: Path, question: str) -> Any:
    with sqlite3.connect(home / "portopt.db") as database:
        return database.execute(question).fetchone()[0]


def pack_of(home: Path) -> Path:
    (folder,) = (home / "packs").iterdir()
    return folder


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def lose_files(home: Path) -> None:
    shutil.rmtree(home / "packs")
    shutil.rmtree(home / "reports")
    (home / "events.jsonl").unlink()
    change(home, "update outbox set delivered_at = null")


def lose_rows(home: Path) -> None:
    change(home, "delete from outbox")
    change(home, "update portfolios set cash = null, shares = null")


@pytest.mark.parametrize(
    "harm",
    [
        lose_files,
        lose_rows,
        lambda home: flip(pack_of(home) / "prices.parquet"),
        lambda home: flip(pack_of(home) / "manifest.json"),
        lambda home: change(home, "update run_results set document = '{}'"),
    ],
    ids=["files", "rows", "prices", "manifest", "document"],
)
def test_asked_again_a_run_does_whatever_it_owes(stored: tuple[Path, RunRecord], home: Path, harm: Any) -> None:
    harm(home)
    again, first = rebalance(home), stored[1]
    assert (again.run_id, again.document, again.completed_at) == (first.run_id, first.document, first.completed_at)
    assert opened(home).packs.get(str(first.pricing_pack_id)).pricing_pack_id == first.pricing_pack_id
    assert kept_report(again.run_id, opened(home)) is not None
    assert len((home / "events.jsonl").read_text().splitlines()) == 1
    assert asked(home, "select count(*) from outbox where delivered_at is not null") == 1
    assert opened(home).runs.holdings("P1").shares


@pytest.mark.parametrize("damage", [b'{"half', b"not an event at all"])
def test_a_damaged_event_log_does_not_fail_a_stored_run(home: Path, damage: bytes) -> None:
    log = home / "events.jsonl"
    log.write_bytes(damage + b"\n" + log.read_bytes())
    change(home, "update outbox set delivered_at = null")
    assert rebalance(home).status is RunStatus.COMPLETED
    (fault,) = [check for check in health_document(health.doctor(opened(home)))["checks"] if not check["ok"]]
    assert (fault["name"], "line 1 of" in fault["detail"], "move" in fault["fix"]) == ("events", True, True)


def test_a_log_that_is_somebody_elses_file_does_not_fail_a_stored_run_and_the_event_waits(home: Path) -> None:
    (home / "events.jsonl").write_text("Dear diary\n")
    change(home, "update outbox set delivered_at = null")
    assert rebalance(home).status is RunStatus.COMPLETED
    assert asked(home, "select count(*) from outbox where delivered_at is null") == 1


def test_replay_compares_the_document_as_it_stands_and_mends_it(stored: tuple[Path, RunRecord], home: Path) -> None:
    run_id, document = stored[1].run_id, json.loads(json.dumps(stored[1].document))
    document["headline"]["turnover"] = 0.001
    with sqlite3.connect(home / "portopt.db") as database:
        database.execute("update run_results set document = ?", [json.dumps(document)])
    with pytest.raises(DataError, match="is not the one that was stored"):
        history.explain(run_id, opened(home))

    seen = history.replay(run_id, opened(home))
    assert (seen["same"], seen["mended"]) == (False, False)
    assert seen["replayed_digest"] == seen["digest"] != seen["stored_digest"]
    was = stored[1].document["headline"]["turnover"]
    assert seen["differences"] == [{"path": "headline.turnover", "a": 0.001, "b": was}]

    assert history.replay(run_id, opened(home), mend=True)["mended"] is True
    assert history.explain(run_id, opened(home))["run_id"] == run_id


def test_a_request_that_was_changed_is_not_replayed_as_if_it_had_been_asked(stored: tuple[Path, RunRecord], home: Path) -> None:
    request = json.loads(json.dumps(stored[1].request))
    request["holdings"]["cash"] = "1.00"
    with sqlite3.connect(home / "portopt.db") as database:
        database.execute("update runs set request = ?", [json.dumps(request)])
    with pytest.raises(DataError, match="the stored request of .* is not the one that was asked"):
        history.replay(stored[1].run_id, opened(home))


def check(home: Path, name: str) -> dict[str, Any]:
    return next(found for found in health_document(health.doctor(opened(home)))["checks"] if found["name"] == name)


def test_the_doctor_finds_what_is_missing_changed_unfinished_parked_and_left_behind(
    stored: tuple[Path, RunRecord], home: Path
) -> None:
    run_id, pack_id = stored[1].run_id, str(stored[1].pricing_pack_id)
    (home / "packs" / ".making-1-abcd").mkdir()
    os.utime(home / "packs" / ".making-1-abcd", (0, 0))
    litter = check(home, "litter")
    assert not litter["ok"]
    assert f"rm -r {home}/packs/.making-1-abcd" in litter["fix"]

    shutil.rmtree(home / "packs" / pack_id)
    assert f"{pack_id} is missing, and runs rest on it" in check(home, "pricing packs")["detail"]

    change(home, "update run_results set document = '{}'")
    changed = check(home, "runs")
    assert f"the document of {run_id} is not the one that was stored" in changed["detail"]
    assert f"portopt replay {run_id} --mend" in changed["fix"]
    rebalance(home)
    assert check(home, "runs")["ok"]
    assert check(home, "pricing packs")["ok"]

    change(home, "update outbox set delivered_at = null, parked_at = '2026-01-01', problem = '{\"detail\": \"too big\"}'")
    parked = check(home, "events")
    assert "is parked: too big" in parked["detail"]
    assert "--retry-parked" in parked["fix"]

    change(home, "update runs set status = 'processing', recorded_at = '2020-01-01 00:00:00'")
    unfinished = check(home, "runs")
    assert f"{run_id} was begun" in unfinished["detail"]
    assert f"portopt cancel {run_id}" in unfinished["fix"]
    assert lifecycle.cancel(run_id, opened(home), "not wanted").status is RunStatus.CANCELLED
    assert check(home, "runs")["ok"]
