"""The commands that look after runs and events: what they deliver, mend and end, and what they say of the rest."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import small_book
from support import environment, wait_for

from portopt import runtime as runtime_module
from portopt.domain.run import RunRecord
from portopt.doors import cli
from portopt.runs import relaying
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


NOT_DELIVERED = "update outbox set delivered_at = null"


def test_a_relay_says_what_waits_with_another_one_and_who_that_is(home: Path, run: RunRecord, answer, capsys) -> None:
    change(home, NOT_DELIVERED)
    with closing(Runtime(Settings(home=home)).runs.deliveries()) as other:
        other.take()
        said = answer("relay", "--no-wait")
        (held,) = [shard for shard in said["held"] if shard["waiting"]]
        assert (said["delivered"], held["waiting"], held["holder"]) == (0, 1, other.holder)
        assert cli.run(["relay", "--no-wait"]) == 0
        words = capsys.readouterr().out
    assert "0 events delivered" in words
    assert f"1 wait in shard {held['shard']}, which {other.holder} holds since" in words
    assert answer("relay")["delivered"] == 1


def test_a_relay_waits_for_another_one_and_says_so(home: Path, run: RunRecord, answer, capsys, monkeypatch) -> None:
    change(home, NOT_DELIVERED)
    other = Runtime(Settings(home=home)).runs.deliveries()
    other.take()
    gone_meanwhile = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: other.close())
    monkeypatch.setattr(relaying, "time", gone_meanwhile)
    assert cli.run(["relay", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["delivered"] == 1
    assert f"1 events wait with {other.holder}" in said.err


@pytest.mark.parametrize(
    "words",
    [
        ["--follow", "--replay"], ["--shards", "1"], ["--since", "2026-11-20"], ["--replay"], ["--follow", "--shards", "8"],
        ["--follow", "--shards", "3-1"], ["--follow", "--shards", "a"], ["--replay", "--since", "yesterday"],
        ["--replay", "--since", "2026-11-20", "--until", "2026-11-19"], ["--set-up"],
    ],
)  # fmt: skip
def test_options_that_mean_nothing_are_refused_with_what_would(home: Path, run: RunRecord, answer, words: list[str]) -> None:
    problem = answer("relay", *words, code=2)
    assert problem["fixes"]


def test_a_log_that_was_moved_away_is_filled_again_by_a_replay_and_its_lines_say_so(home: Path, run: RunRecord, answer) -> None:
    log = home / "events.jsonl"
    (before,) = log.read_text().splitlines()
    log.rename(home / "moved.jsonl")
    assert answer("relay", "--replay", "--since", "2000-01-01")["replayed"] == 1
    assert answer("relay", "--replay", "--since", "2000-01-01", "--portfolio", "another")["replayed"] == 0
    (after,) = log.read_text().splitlines()
    assert json.loads(after) == json.loads(before) | {"replay": "true"}


def test_a_relay_that_follows_delivers_what_comes_and_ends_cleanly_when_told_to(home: Path, run: RunRecord) -> None:
    change(home, NOT_DELIVERED)
    command = [sys.executable, "-m", "portopt.doors.cli", "relay", "--follow", "--json"]
    relay = subprocess.Popen(command, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    store = Runtime(Settings(home=home)).runs
    wait_for(lambda: store.outbox().waiting == 0, 60, "the event was not delivered")
    (held,) = {shard.holder for shard in store.outbox().held}
    relay.terminate()
    out, err = relay.communicate(timeout=30)
    assert (relay.returncode, json.loads(out)["waiting"]) == (0, 0)
    assert f"process {relay.pid} on" in held
    assert "delivering of shards 0-7" in err


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


def test_a_proposal_waits_for_a_person_where_hours_are_given(home: Path, answer, capsys) -> None:
    book = ("--holdings", "sample", "--provider", "sample", "--no-frontier")
    assert cli.run(["rebalance", *book, "--approval-hours", "4"]) == 0
    assert "it awaits approval: portopt approve reb-" in capsys.readouterr().out
    (waiting,) = answer("approvals")
    assert not (home / "events.jsonl").exists()
    edited = answer("edit", waiting["run_id"], "JNJ=none", "--propose", "--approval-hours", "3")["run_id"]
    (waiting,) = answer("approvals")
    assert waiting["run_id"] == edited, "the newer proposal of a book takes the older one's place"
    assert answer("approve", edited, code=2)["fixes"], "a trade was decided by hand: why is asked"
    assert answer("approve", edited, "--reason", "client_instruction", "--note", "by telephone")["status"] == "completed"
    assert len((home / "events.jsonl").read_text().splitlines()) == 1
    assert "--approval-hours = 0.0" in answer("rebalance", *book, "--approval-hours", "0", code=2)["detail"]
    policies = json.loads(Path(__file__).parents[3].joinpath("config", "policies.json").read_text("utf-8"))["policies"]
    eyes = home / "eyes.json"
    eyes.write_text(json.dumps([{**policy, "approval": {"four_eyes": True}} for policy in policies]))
    refusal = answer("rebalance", *book, "--policy", f"{eyes}#quality_focused", code=2)
    assert "wants four eyes" in refusal["detail"]
    assert refusal["fixes"] == ["write --approval-hours 24"]
