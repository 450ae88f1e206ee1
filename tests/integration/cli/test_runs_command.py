"""`portopt runs`: which there are, of which book, in which state, of which days, and what each came to."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from small_book import request

from portopt.domain.run import RunRecord
from portopt.doors.cli import run
from portopt.runs.answers import record_of
from portopt.runtime import Runtime, runtime

BOOK = ["--holdings", "sample", "--provider", "sample", "--no-frontier"]
DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "120")
    runtime.cache_clear()
    policy = {"id": "listed", "name": "listed", "objective": "min_risk", "limits": {"max_weight": 0.3, "max_turnover": 0.2}}
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    assert run([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def ids(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    return [line["run_id"] for line in answer(capsys, "runs", *words)]


def begun_on(days: int, here: Runtime, portfolio_id: str = "desk", kind: str = "risk") -> str:
    """A run of so many days after DAY, as a question leaves one."""
    document = {"portfolio_id": portfolio_id, "number": days}
    record: RunRecord = record_of(kind, request(), document, {"number": days, "of": portfolio_id}, DAY + timedelta(days=days))
    here.runs.complete_all([(dataclasses.replace(record, portfolio_id=portfolio_id), None)])
    return record.run_id


def test_a_line_says_what_was_asked_of_which_book_and_what_it_came_to(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = answer(capsys, "rebalance", *BOOK, "--policy", str(home / "policy.json"), "--portfolio-id", "desk")
    (line,) = answer(capsys, "runs")
    head = made["headline"]
    told = {name: line[name] for name in ("portfolio_value", "total_cost", "turnover", "trades")}
    assert told == {name: head[name] for name in told}
    assert (line["policy"], line["kind"], line["portfolio_id"]) == ("listed", "rebalance", "desk")
    assert run(["runs"]) == 0
    printed = capsys.readouterr().out
    assert all(len(row) <= 120 for row in printed.split("\n"))
    row = next(row for row in printed.split("\n") if row.startswith(made["run_id"]))
    for word in ("desk", "listed", "completed", f"{float(head['portfolio_value']):,.0f}", f"{float(head['total_cost']):,.0f}"):
        assert word in row


def test_runs_are_chosen_by_portfolio_question_state_and_days(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = runtime()
    early, late = begun_on(0, here), begun_on(5, here)
    other = begun_on(3, here, "other", "views")
    assert ids(capsys) == [late, other, early]
    assert ids(capsys, "--portfolio-id", "desk") == [late, early]
    assert ids(capsys, "--kind", "views") == [other]
    assert ids(capsys, "--status", "completed") == [late, other, early]
    assert ids(capsys, "--status", "infeasible") == []
    assert ids(capsys, "--since", "2026-03-04") == [late, other]
    assert ids(capsys, "--until", "2026-03-04") == [early]
    assert ids(capsys, "--since", "2026-03-02T09:00:00Z", "--until", "2026-03-07T09:00:00Z") == [other, early]
    assert ids(capsys, "--since", "2026-03-04", "--portfolio-id", "desk") == [late]


def test_pages_follow_one_another_and_miss_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = runtime()
    made = [begun_on(days, here) for days in range(7)]
    found: list[str] = []
    for _ in range(4):
        found += ids(capsys, "--limit", "2", *(["--cursor", found[-1]] if found else []))
    assert found == made[::-1]
    assert run(["runs", "--limit", "2"]) == 0
    assert f"the next ones: --cursor {made[-2]}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["--status", "done"], "--status"),
        (["--kind", "rebalanse"], "--kind"),
        (["--since", "yesterday"], "--since"),
        (["--cursor", "reb-20221228-0123456789abcdef0123"], "run"),
    ],
)
def test_what_chooses_nothing_is_refused(words: list[str], field: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begun_on(0, runtime())
    assert answer(capsys, "runs", *words, code=2)["asked"]["field"] == field
