"""Every question is asked alike: of a request in a file, of one's own files and words, and of a stored run."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
import typer

from portopt.doors.cli import app, run
from portopt.doors.commands.asked_options import AskedOptions
from portopt.runtime import runtime

REQUEST = Path(__file__).parents[3] / "config/sample/request.json"
QUESTIONS = (
    "optimize",
    "frontier",
    "pareto",
    "lexicographic",
    "periods",
    "sensitivity",
    "risk",
    "views",
    "factors",
    "forecasts",
)
POLICY = {
    "id": "asked",
    "name": "asked",
    "objective": {"kind": "utility", "risk_aversion": 4.0},
    "limits": {"long_only": True, "max_weight": 0.15, "max_turnover": 0.3},
    "costs": {"linear_impact": {"bps": 5}},
    "estimation": {"covariance": "ledoit_wolf", "lookback": 500},
}
OVER_PERIODS = 'objective={"kind": "multi_period", "risk_aversion": 4, "periods": 2, "years": 0.25}'
WORDS = {
    "optimize": [],
    "frontier": ["--points", "4"],
    "pareto": ["--axes", "return,risk", "--points", "4"],
    "lexicographic": ["--order", "risk,return"],
    "periods": [
        "--set",
        'objective={"kind": "multi_period", "risk_aversion": 4, "periods": 2, "years": 0.25}',
        "--set",
        "costs={}",
    ],
    "sensitivity": [],
    "risk": ["--risk-measure", "mad"],
    "views": ["--set", 'estimation.views={"views": [{"assets": {"AAPL": 1}, "return": 0.2, "confidence": 0.5}]}'],
    "factors": [],
    "forecasts": ["--covariances", "sample,oas", "--means", "historical_mean"],
}
QUESTIONS = tuple(WORDS)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    runtime.cache_clear()
    return tmp_path


@pytest.fixture
def book(home: Path) -> list[str]:
    """The words for a book of one's own files."""
    (home / "policy.json").write_text(json.dumps(POLICY))
    return ["--holdings", "sample", "--provider", "sample", "--policy", str(home / "policy.json"), "--portfolio-id", "desk"]


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    code = run([*words, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == 0, found
    return found


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert run([*words, "--json"]) == 2
    return json.loads(capsys.readouterr().out)


def parameters(command: str) -> dict[str, Any]:
    found = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    return {name: p for p in found.params for name in p.opts}


@pytest.mark.parametrize("command", QUESTIONS)
def test_every_question_takes_the_same_options(command: str) -> None:
    names = {
        "--set" if name == "sets" else f"--{name.replace('_', '-')}" for name in inspect.signature(AskedOptions).parameters
    }
    asked = {*names - {"--request"}, "request"}
    found = parameters(command)
    assert asked <= found.keys()
    usual = parameters("risk")
    assert {name: found[name].help for name in asked - {"request"}} == {name: usual[name].help for name in asked - {"request"}}
    assert not found["request"].required


@pytest.mark.parametrize("command", QUESTIONS)
def test_a_stored_run_gives_what_its_own_files_give(command: str, book: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    proposal = answer(capsys, "rebalance", *book, "--no-frontier")
    of_files = answer(capsys, command, *book, *WORDS[command])
    of_run = answer(capsys, command, proposal["run_id"], *WORDS[command])
    if command == "optimize":  # the only one whose document has a reading of a clock
        for found in (of_files, of_run):
            found["optimization_metadata"].pop("optimization_time_ms")
        target = {line["asset_id"]: line["target_weight"] for line in proposal["proposal"]}
        assert of_run["optimal_weights"] == pytest.approx(target, abs=1e-12)
    assert of_run["pricing_pack_id"] == proposal["pricing_pack"]["id"]
    if command == "forecasts":  # they look back over the whole history there is, and that of a run is its pack
        assert of_files["windows"] > of_run["windows"]
        return
    assert of_run == of_files
    kept = [line["run_id"] for line in answer(capsys, "runs") if line["run_id"] != proposal["run_id"]]
    assert len(kept) == 1
    again = answer(capsys, command, kept[0], *WORDS[command])
    if command == "optimize":
        again["optimization_metadata"].pop("optimization_time_ms")
    assert again == of_run


def test_words_over_a_stored_run_are_words_over_its_policy(
    book: list[str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = answer(capsys, "rebalance", *book, "--no-frontier")["run_id"]
    tighter = ["--set", "limits.max_turnover=0.1"]
    of_run, of_files = answer(capsys, "risk", run_id, *tighter), answer(capsys, "risk", *book, *tighter)
    assert of_run["optimal_weights"] == of_files["optimal_weights"]
    assert of_run["optimal_weights"] != answer(capsys, "risk", run_id)["optimal_weights"]
    (home / "other.json").write_text(json.dumps({**POLICY, "id": "other", "objective": "min_risk"}))
    other = answer(capsys, "optimize", run_id, "--policy", str(home / "other.json"), "--set", "limits.max_turnover=1")
    assert other["portopt"]["objective"]["kind"] == "min_risk"
    assert other["portopt"]["limits"]["max_turnover"].startswith("at most 100")


def test_weights_of_a_book_are_told_and_release_nothing(book: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    answer(capsys, "optimize", *book)
    outbox = runtime().runs.outbox()
    assert outbox.waiting == 0
    assert not runtime().settings.event_log_path.exists()
    assert runtime().portfolios.latest("desk") is None


def test_a_stored_choice_of_weights_is_asked_again(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runtime().runs  # noqa: B018 - there is a store
    first = answer(capsys, "optimize", str(REQUEST))
    (kept,) = answer(capsys, "runs")
    again = answer(capsys, "sensitivity", kept["run_id"])
    assert again["optimal_weights"] == first["optimal_weights"]
    problem = refusal(capsys, "risk", kept["run_id"], "--set", "limits.max_weight=0.5")
    assert problem["asked"]["field"] == "--set"


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ([], "FILE"),
        ([str(REQUEST), "--holdings", "sample"], "FILE"),
        ([str(REQUEST), "--policy", "min_risk"], "--policy"),
        ([str(REQUEST), "--set", "limits.max_weight=0.2"], "--set"),
        ([str(REQUEST), "--as-of", "2022-01-03"], "--as-of"),
        (["--holdings", "sample", "--provider", "sample", "--as-of", "never"], "--as-of"),
        (["reb-20221228-0123456789abcdef0123"], "run"),
    ],
)
@pytest.mark.parametrize("command", ["optimize", "views"])
def test_what_would_have_no_effect_is_refused(
    command: str, words: list[str], field: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(capsys, command, *words)["asked"]["field"] == field


def test_a_stored_run_keeps_its_own_prices(book: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    run_id = answer(capsys, "rebalance", *book, "--no-frontier")["run_id"]
    for option in (["--as-of", "2022-06-01"], ["--provider", "sample"], ["--portfolio-id", "other"]):
        assert refusal(capsys, "frontier", run_id, *option)["asked"]["field"] == option[0]


def test_a_batch_takes_stored_runs_beside_requests(book: list[str], home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = answer(capsys, "rebalance", *book, "--no-frontier")["run_id"]
    listed = [json.loads(REQUEST.read_text()), run_id, "reb-20221228-0123456789abcdef0123", {"portfolio": 1}]
    (home / "many.json").write_text(json.dumps(listed))
    found = answer(capsys, "batch", str(home / "many.json"))
    assert [document.get("code") for document in found] == [None, None, "unknown_run", "unknown_field"]
    assert found[3]["asked"]["field"].startswith("[3].")
    assert found[1]["optimal_weights"] == answer(capsys, "optimize", run_id)["optimal_weights"]
    assert found[0]["optimal_weights"] == answer(capsys, "optimize", str(REQUEST))["optimal_weights"]
    kinds = sorted(line["kind"] for line in answer(capsys, "runs"))
    assert kinds == ["optimize", "rebalance", "weights"]
