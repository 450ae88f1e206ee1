"""A question about a history is one run, whichever door it comes through: the command line, Python, the flow, the service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_history import POLICY, prices_csv

import portopt
from portopt.dialects.backtest_bodies import read_body
from portopt.domain.canonical import canonical_json
from portopt.domain.errors import UnknownField
from portopt.domain.portfolio import Portfolio
from portopt.doors.cli import run
from portopt.doors.history_form import BacktestForm, ComparisonForm, HistoryForm, WalkForwardForm, resolve
from portopt.doors.wire.historic import question_of
from portopt.questions.through_time import pieces
from portopt.questions.through_time.pieces import carrying
from portopt.runs.through_time import life
from portopt.runs.through_time.question import Question
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

VARY = {"limits.max_weight": [0.3, 0.5]}
OTHER = replace(POLICY, id="other", limits={**POLICY.limits, "max_weight": 0.3})
KINDS: dict[str, tuple[list[str], type[HistoryForm], dict[str, Any], dict[str, Any]]] = {
    "backtest": (["--policy", "small", "--prove"], BacktestForm, {"prove": True}, {"policy": "small", "prove": True}),
    "walk_forward": (
        ["--policy", "small", "--train", "100", "--test", "60", "--paths", "0", "--vary", "limits.max_weight=0.3,0.5"],
        WalkForwardForm, {"train": 100, "test": 60, "vary": json.dumps(VARY)},
        {"policy": "small", "windows": {"train": 100, "test": 60, "groups": 0, "vary": VARY}},
    ),
    "comparison": (
        ["--policy", "small", "--policy", "other"], ComparisonForm, {"beside": "other"}, {"strategies": ["small", "other"]},
    ),
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    prices_csv(tmp_path / "prices.csv", 300)
    runtime = open_runtime(Settings(home=tmp_path / "home"))
    runtime.runs.save_policies([POLICY, OTHER])
    yield runtime
    carrying._open.clear()


def at_the_command_line(capsys: pytest.CaptureFixture[str], kind: str) -> dict[str, Any]:
    command = {"backtest": "backtest", "walk_forward": "walk-forward", "comparison": "compare"}[kind]
    words = ["--prices", "prices.csv", "--portfolio", "desk", "--rebalance", "every 20", "--capital", "500000"]
    assert run([command, *words, *KINDS[kind][0], "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def by_the_form(kind: str, runtime: Runtime) -> Question:
    _, form, more, _ = KINDS[kind]
    usual = {"portfolio_id": "desk", "provider": "files:prices.csv", "custom_policy": "small", "rebalance": "every 20",
             "capital": 5e5}  # fmt: skip
    return resolve(form(**usual, **more), runtime)


def by_the_service(kind: str, runtime: Runtime, pricing_pack_id: str) -> Question:
    body = {"portfolio_id": "desk", "pricing_pack_id": pricing_pack_id, "rebalance": "every 20", "capital": "500000"}
    return question_of(Portfolio("desk"), read_body({**body, **KINDS[kind][3]}, kind), kind, runtime)


@pytest.mark.parametrize("kind", KINDS)
def test_command_line_flow_and_service_come_to_one_run_with_the_same_bytes(
    home: Runtime, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    told = at_the_command_line(capsys, kind)
    question = by_the_form(kind, home)
    snapshot = pieces.open_pack(question, home)
    asked = by_the_service(kind, home, snapshot.pricing_pack_id)
    assert question.run_id(snapshot) == asked.run_id(snapshot) == told["run_id"]
    kept = home.runs.get(told["run_id"])
    assert (kept.kind, kept.portfolio_id, kept.status.value) == (kind, "desk", "completed")
    assert life.begin(None, question, snapshot, home).document is not None  # found, not worked out again

    begun = carrying._work_of(told["run_id"], question, snapshot, home)
    done: dict[str, bytes] = {}
    for names in begun.rounds:
        for name in names:
            done[name] = begun.work(name, done.__getitem__)
    assert canonical_json(begun.document(done.__getitem__)) == canonical_json(told) == canonical_json(kept.document)


def test_python_comes_to_the_same_run(home: Runtime, capsys: pytest.CaptureFixture[str]) -> None:
    told = at_the_command_line(capsys, "backtest")
    found = portopt.backtest(
        "prices.csv", "small", capital=500_000, rebalance="every 20", portfolio="desk", prove=True, home=home.settings.home
    )
    assert canonical_json(found.document) == canonical_json(told)


def test_python_takes_what_the_command_line_takes(home: Runtime) -> None:
    asked = {"rebalance": "every 60", "cash_flows": {"2021-09-01": "-1000.50"}, "home": home.settings.home}
    found = portopt.compare("prices.csv", ["small"], frontier=2, rounding="fractional", **asked)
    assert [one["name"] for one in found.document["strategies"] if one["asked"]] == ["point 1 of 2", "point 2 of 2"]
    assert {one["fractional"] for one in found.document["execution"].values()} == {True}
    assert home.runs.get(found.document["run_id"]).kind == "comparison"
    with pytest.raises(UnknownField, match="rounding"):
        portopt.walk_forward("prices.csv", "small", roundin="whole", **asked)


@pytest.mark.parametrize(
    "changed", [{"portfolio_id": "another"}, {"seed": 2}, {"delay": 2}, {"rounding": "search"}, {"capital": 400_000.0}]
)
def test_what_is_asked_otherwise_or_of_another_portfolio_is_another_run(home: Runtime, changed: dict[str, Any]) -> None:
    form = BacktestForm(portfolio_id="desk", provider="files:prices.csv", custom_policy="small")
    first, other = (resolve(one, home) for one in (form, form.model_copy(update=changed)))
    snapshot = pieces.open_pack(first, home)
    assert first.run_id(snapshot) != other.run_id(snapshot)
