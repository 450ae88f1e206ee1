"""Backtests and replays of live runs from the command line and in Python: answers, files, refusals, what is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from made_histories import drawn_prices, weekdays

import portopt
from portopt.doors.cli import run
from portopt.runs import history
from portopt.runtime import open_runtime
from portopt.settings import Settings

POLICY = {
    "objective": {"kind": "min_risk"},
    "limits": {"long_only": True, "cash": {"max": 0.05}, "max_weight": 0.6, "max_turnover": 0.2},
    "estimation": {"lookback": 40, "min_observations": 20},
    "data": {"stale": "accept"},
}


def frame(sessions: int = 110) -> pl.DataFrame:
    prices = drawn_prices(sessions, 3)
    return pl.DataFrame({"date": [d.item() for d in weekdays(sessions)], **{a: prices[:, j] for j, a in enumerate("ABC")}})


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    frame().write_csv(tmp_path / "prices.csv")
    (tmp_path / "calm.json").write_text(json.dumps(POLICY))
    return ("--prices", str(tmp_path / "prices.csv"), "--policy", str(tmp_path / "calm.json"))


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code = run(["backtest", *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_the_document_has_every_decision_with_date_and_weights_and_the_proof_with_its_seed(
    files: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = answer(capsys, *files, "--capital", "250,000", "--rebalance", "monthly", "--prove", "--seed", "9")
    assert code == 0
    assert found["kind"] == "backtest"
    assert found["days"]["net"][0] == 250_000.0
    assert [r["date"] for r in found["rebalances"]][:2] == [found["days"]["date"][0], "2020-02-03"]
    for r in found["rebalances"]:
        assert sum(r["weights"].values()) == pytest.approx(1.0, abs=1e-12)
        assert all(w <= 0.6 + 1e-9 for a, w in r["weights"].items() if a != "CASH")
    assert (found["proof"]["holds"], found["proof"]["seed"], found["proof"]["changed"]) == (True, 9, [])
    assert found["request"]["policy"]["id"] == "calm"
    assert set(found["summary"]) == {"net", "gross", "benchmark", "do_nothing", "equal_weight"}


def test_the_same_question_is_the_same_bytes_and_another_cost_is_another_run(
    files: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    first, again = (answer(capsys, *files)[1] for _ in range(2))
    assert json.dumps(first) == json.dumps(again)
    free = answer(capsys, *files, "--costs", "none")[1]
    dear = answer(capsys, *files, "--costs", "spread_bps=40", "--costs", "minimum_fee=2")[1]
    assert len({first["run_id"], free["run_id"], dear["run_id"]}) == 3
    assert free["costs"]["total"] == 0.0 < first["costs"]["total"] < dear["costs"]["total"]
    assert dear["execution"]["minimum_fee"] == 2


def test_people_read_the_verdict_what_it_is_held_against_and_what_was_not_proven(
    files: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["backtest", *files, "--rebalance", "weekly", "--rebalance", "drift 5%"]) == 0
    said = " ".join(capsys.readouterr().out.split())  # wherever the lines break
    for words in ("a year after costs", "One part in N", "Bought once", "not put to the proof", "1 session later", "Universe"):
        assert words in said


def test_several_triggers_and_a_change_of_the_policy(files: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, found = answer(capsys, *files, "--rebalance", "every 30", "--rebalance", "drift 4%", "--set", "limits.max_weight=0.5")
    assert code == 0
    assert {r["trigger"].split()[0] for r in found["rebalances"]} >= {"the", "30"}
    assert max(max(w for a, w in r["weights"].items() if a != "CASH") for r in found["rebalances"]) <= 0.5 + 1e-9


def test_an_objective_alone_is_a_policy(files: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, found = answer(capsys, *files[:2], "--policy", "min_risk")
    assert code == 0
    assert found["request"]["policy"]["objective"] == {"kind": "min_risk"}


def test_actions_and_members_are_read_from_their_files(
    files: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day, later = (str(weekdays(110)[k]) for k in (70, 90))
    split = frame().with_columns(
        pl.when(pl.col("date") >= pl.lit(day).str.to_date()).then(pl.col("A") / 2).otherwise(pl.col("A"))
    )
    split.write_csv(tmp_path / "prices.csv")
    (tmp_path / "actions.csv").write_text(f"symbol,ex_date,type,ratio\nA,{day},split,2:1\n")
    (tmp_path / "members.csv").write_text(f"symbol,valid_from,valid_to\nA,2020-01-01,\nB,2020-01-01,{later}\nC,2020-01-01,\n")
    beside = ("--actions", str(tmp_path / "actions.csv"), "--members", str(tmp_path / "members.csv"))
    code, found = answer(capsys, *files, *beside, "--rebalance", "every 5", "--set", "limits.max_turnover=1.0")
    assert code == 0
    assert [h["kind"] for h in found["happenings"]] == ["split"]
    assert found["data"]["point_in_time"] is True
    assert abs(np.diff(found["days"]["net"]) / np.array(found["days"]["net"][:-1])).max() < 0.1
    last = found["rebalances"][-1]
    assert last["date"] >= later
    assert last["weights"].get("B", 0.0) == 0.0


def test_the_page_and_the_tables_are_written_beside_it(
    files: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, folder = tmp_path / "report.html", tmp_path / "tables"
    assert answer(capsys, *files, "--html", str(page), "--files", str(folder))[0] == 0
    assert page.read_text().lower().startswith("<!doctype html>")
    assert page.stat().st_size < 2_000_000
    assert {p.suffix for p in folder.iterdir()} >= {".csv", ".parquet", ".xlsx", ".json"}


@pytest.mark.parametrize(
    ("words", "code", "field"),
    [
        ((), 2, "--prices"),
        (("--prices", "nowhere.csv"), 2, "path"),
        (("FILES", "--capital", "-5"), 2, "capital"),
        (("FILES", "--rebalance", "montly"), 2, "rebalance[0]"),
        (("FILES", "--start", "2021-01-01"), 2, "start"),
        (("FILES", "--start", "2020-03-01", "--end", "2020-02-01"), 2, "start"),
        (("FILES", "--set", "estimation.min_observations=500"), 4, "prices"),
        (("FILES", "--costs", "spred_bps=5"), 2, "costs.spred_bps"),
        (("FILES", "--path", "fast"), 2, "--path"),
    ],
)
def test_what_cannot_be_is_a_problem_and_nothing_is_written(
    files: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, field: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    asked = (*files, *words[1:]) if words[:1] == ("FILES",) else words
    found, problem = answer(capsys, *asked, "--html", str(tmp_path / "never.html"))
    assert (found, problem["asked"]["field"]) == (code, field)
    assert problem["fixes"] or problem["measured"]
    assert [p for p in sorted(tmp_path.rglob("*")) if p not in before and "home" not in p.parts] == []


def test_an_installation_keeps_a_backtest_with_the_prices_it_rests_on(
    files: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runtime = open_runtime(Settings(home=tmp_path / "home"))
    assert runtime.runs.runs() == []
    found = answer(capsys, *files)[1]
    kept = open_runtime(Settings(home=tmp_path / "home"))
    record = history.run_record(found["run_id"], kept)
    assert (record.kind, record.document) == ("backtest", found)
    assert kept.packs.has(found["data"]["pricing_pack_id"])


def test_whoever_has_the_document_and_the_prices_can_do_the_proof_again(
    files: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document, told = answer(capsys, *files, "--rebalance", "weekly", "--prove", "--seed", "4")[1], tmp_path / "told.json"
    told.write_text(json.dumps(document))
    assert run(["prove", str(told), *files[:2], "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["same"], again["again"]) == (True, document["proof"])
    told.write_text(json.dumps({**document, "proof": {**document["proof"], "digest": "0" * 64}}))
    assert run(["prove", str(told), *files[:2]]) == 1
    assert "comes out" in capsys.readouterr().out
    frame(109).write_csv(tmp_path / "others.csv")
    told.write_text(json.dumps(document))
    assert run(["prove", str(told), "--prices", str(tmp_path / "others.csv")]) == 1
    assert "not the prices" in capsys.readouterr().out
    told.write_text(json.dumps({**document, "proof": None}))
    assert run(["prove", str(told), *files[:2], "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["code"] == "missing_input"


def test_three_lines_of_python_give_the_same_document(files: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    asked = portopt.backtest(frame(), {"id": "calm", **POLICY}, capital=1_000_000, prove=True)
    code, told = answer(capsys, *files, "--prove")
    assert code == 0
    for part in ("days", "summary", "rebalances", "trades", "costs", "proof"):
        assert asked.document[part] == told[part], part
    assert asked.to_frame().height == len(told["days"]["date"])
    assert asked.to_frame().schema["date"] == pl.Date
    assert asked.weights.height == sum(r["status"] != "failed" for r in told["rebalances"])
    assert "after costs" in repr(asked)
    assert "<table" in asked._repr_html_()
    assert asked.plot()._repr_svg_().startswith("<svg")


def test_a_strategy_of_ones_own_is_a_function_of_what_is_known_and_held() -> None:
    def strongest(known: Any, held: Any) -> dict[str, float]:
        return {known.ids[int(np.argmax(known.prices[-1] / known.prices[-20]))]: 0.9}

    found = portopt.backtest(frame(), strongest, rebalance="weekly", start="2020-03-02", prove=True)
    assert found.proof is not None
    assert found.proof["holds"]
    assert found.proof["decided_again"] == found.proof["decisions"] > 5
    assert all(max(row) == pytest.approx(0.9, abs=0.01) for row in found.weights.drop("date", "CASH").iter_rows())


def test_live_rebalances_are_what_the_simulator_decides_and_a_changed_price_is_named(
    files: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "holdings.csv").write_text("symbol,shares\nA,400\nB,300\nCASH,20000\n")
    held = ("--holdings", str(tmp_path / "holdings.csv"))
    (tmp_path / "calm.json").write_text(json.dumps({"id": "calm", "name": "Calm", **POLICY}))
    for day in ("2020-04-01", "2020-05-01"):
        assert run(["rebalance", *held, *files, "--as-of", day, "--no-frontier", "--json"]) == 0
    assert run(["rebalance", *held, *files, "--fractional", "--json"]) == 0
    capsys.readouterr()
    assert run(["replay-live", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [run["same"] for run in found["runs"]] == [True] * 3
    edited = frame().with_columns(
        pl.when(pl.col("date") == pl.date(2020, 3, 20)).then(pl.col("B") * 1.05).otherwise(pl.col("B")).alias("B")
    )
    edited.write_csv(tmp_path / "edited.csv")
    assert run(["replay-live", "--prices", str(tmp_path / "edited.csv"), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    for one in found["runs"]:
        reaches_back = one["as_of"] < "2020-05-10"  # the policy looks back forty sessions
        assert one["same"] is not reaches_back
        assert [said.split(",")[0].split(" is ")[0] for said in one["data_changed"]] == ["B"] * reaches_back
        assert all("on 2020-03-20" in said for said in one["data_changed"])
    assert run(["replay-live", "--prices", str(tmp_path / "prices.csv"), "--json"]) == 0
