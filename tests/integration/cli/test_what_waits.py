"""The commands that look after runs and events: what they deliver, mend and end, and what they say of the rest."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import small_book

from portopt import runtime as runtime_module
from portopt.domain.run import RunRecord
from portopt.doors import cli
from portopt.runtime import Runtime
from portopt.settings import Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    runtime_module.runtime.cache_clear()
    return tmp_path / "home"


@pytest.fixture
def run(home: Path) -> RunRecord:
    return small_book.rebalance(Runtime(Settings(home=home)))


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    def ask(*words: str, code: int = 0) -> Any:
        assert cli.run([*words, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return ask


def change(home: Path, statement: str, *values: str) -> None:
    with sqlite3.connect(home / "portopt.db") as database:
        assert database.execute(statement, values).rowcount == 1


LEASED = "update outbox set delivered_at = null, leased_until = '2999-01-01 00:00:00.000000'"


def test_a_relay_says_what_waits_on_a_lease_and_until_when(home: Path, run: RunRecord, answer, capsys) -> None:
    change(home, LEASED)
    said = answer("relay", "--no-wait")
    assert (said["delivered"], said["leased"], said["leased_until"]) == (0, 1, "2999-01-01T00:00:00+00:00")
    assert cli.run(["relay", "--no-wait"]) == 0
    words = capsys.readouterr().out
    assert "0 events delivered" in words
    assert "1 are leased until 2999-01-01T00:00:00+00:00 to a relay that works, or was killed" in words


def test_what_is_parked_is_named_with_its_reason_and_tried_again_when_asked(home: Path, run: RunRecord, answer, capsys) -> None:
    problem = json.dumps({"detail": "message too big"})
    change(home, "update outbox set delivered_at = null, parked_at = '2026-01-01', failures = 5, problem = ?", problem)
    (parked,) = answer("relay")["parked"]
    assert (parked["key"], parked["why"]) == ("P1", "message too big")
    assert cli.run(["relay"]) == 0
    words = capsys.readouterr().out
    assert "is parked: message too big" in words
    assert "`portopt relay --retry-parked` tries it again" in words
    assert answer("relay", "--retry-parked")["delivered"] == 1
    assert answer("relay")["waiting"] == 0


def test_the_advice_for_a_changed_document_mends_it_in_one_step(home: Path, run: RunRecord, answer, capsys) -> None:
    document = json.loads(json.dumps(run.document))
    document["headline"]["trades"] = 99
    change(home, "update run_results set document = ?", json.dumps(document))
    problem = answer("explain", run.run_id, code=4)
    assert f"portopt replay {run.run_id} --mend" in problem["fixes"][0]
    assert cli.run(["replay", run.run_id]) == 1
    words = capsys.readouterr().out
    assert f"damaged: the stored document of {run.run_id} is not the one that was stored" in words
    assert "headline.trades: 99 is stored" in words
    assert answer("replay", run.run_id, "--mend")["mended"] is True
    assert answer("explain", run.run_id)["run_id"] == run.run_id


def test_a_run_that_never_ended_is_cancelled_with_its_note_a_complete_one_is_not(home: Path, run: RunRecord, answer) -> None:
    assert "there is nothing to cancel" in answer("cancel", run.run_id, code=2)["detail"]
    change(home, "update runs set status = 'processing'")
    line = answer("cancel", run.run_id, "--note", "the worker died")
    assert line["status"] == "cancelled"
    assert "the worker died" in line["problem"]["detail"]
    assert answer("cancel", "reb-20200101-0", code=2)["code"] == "unknown_run"
