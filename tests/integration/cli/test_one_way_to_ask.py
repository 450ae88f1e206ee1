"""Every question is asked alike: of a request in a file, of one's own files and words, and of a stored run."""

from __future__ import annotations

import dataclasses
import functools
import json
from pathlib import Path
from typing import Any

import pytest
import typer

import portopt
from portopt.doors.cli import app, run
from portopt.doors.commands.asked_options import AskedOptions
from portopt.doors.commands.wanted_options import WantedOptions
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
    return words_of_a_book(home)


def words_of_a_book(folder: Path) -> list[str]:
    (folder / "policy.json").write_text(json.dumps(POLICY))
    return ["--holdings", "sample", "--provider", "sample", "--policy", str(folder / "policy.json"), "--portfolio-id", "desk"]


@dataclasses.dataclass(frozen=True)
class Stored:
    """A book's words, and a proposal for it that is stored in a home of several tests."""

    folder: Path
    book: list[str]
    proposal: dict[str, Any]


@pytest.fixture(scope="module")
def one_proposal(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    folder = tmp_path_factory.mktemp("asked")
    book = words_of_a_book(folder)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PORTOPT_HOME", str(folder / "home"))
        runtime.cache_clear()
        found = portopt.rebalance("sample", portfolio_id="desk", policy=book[5], frontier=False)
    return Stored(folder, book, found.document)


@pytest.fixture
def stored(one_proposal: Stored, monkeypatch: pytest.MonkeyPatch) -> Stored:
    monkeypatch.setenv("PORTOPT_HOME", str(one_proposal.folder / "home"))
    runtime.cache_clear()
    return one_proposal


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    code = run([*words, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == 0, found
    return found


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert run([*words, "--json"]) == 2
    return json.loads(capsys.readouterr().out)


@functools.cache
def commands() -> Any:
    return typer.main.get_command(app).commands  # type: ignore[attr-defined]


def parameters(command: str) -> dict[str, Any]:
    found = commands()[command]
    return {name: p for p in found.params for name in p.opts}


@pytest.mark.parametrize("command", QUESTIONS)
def test_every_question_takes_the_same_options(command: str) -> None:
    spelled = [f.name for kind in (AskedOptions, WantedOptions) for f in dataclasses.fields(kind) if f.name != "wanted"]
    names = {"--set" if name == "sets" else f"--{name.replace('_', '-')}" for name in spelled}
    asked = {*names - {"--request"}, "request"}
    found = parameters(command)
    assert asked <= found.keys()
    usual = parameters("risk")
    assert {name: found[name].help for name in asked - {"request"}} == {name: usual[name].help for name in asked - {"request"}}
    assert not found["request"].required


@pytest.mark.parametrize("command", QUESTIONS)
def test_a_stored_run_gives_what_its_own_files_give(command: str, stored: Stored, capsys: pytest.CaptureFixture[str]) -> None:
    book, proposal = stored.book, stored.proposal
    before = {line["run_id"] for line in answer(capsys, "runs")}
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
    kept = [line["run_id"] for line in answer(capsys, "runs") if line["run_id"] not in before]
    assert len(kept) == 1
    again = answer(capsys, command, kept[0], *WORDS[command])
    if command == "optimize":
        again["optimization_metadata"].pop("optimization_time_ms")
    assert again == of_run


def test_words_over_a_stored_run_are_words_over_its_policy(
    stored: Stored, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book, run_id = stored.book, stored.proposal["run_id"]
    tighter = ["--set", "limits.max_turnover=0.1"]
    of_run, of_files = answer(capsys, "risk", run_id, *tighter), answer(capsys, "risk", *book, *tighter)
    assert of_run["optimal_weights"] == of_files["optimal_weights"]
    assert of_run["optimal_weights"] != answer(capsys, "risk", run_id)["optimal_weights"]
    (tmp_path / "other.json").write_text(json.dumps({**POLICY, "id": "other", "objective": "min_risk"}))
    other = answer(capsys, "optimize", run_id, "--policy", str(tmp_path / "other.json"), "--set", "limits.max_turnover=1")
    assert other["portopt"]["objective"]["kind"] == "min_risk"
    assert other["portopt"]["limits"]["max_turnover"].startswith("at most 100")


def test_a_desks_words_say_the_same_of_every_question(stored: Stored, capsys: pytest.CaptureFixture[str]) -> None:
    """Every portfolio that a question speaks of keeps them, of one's own files and of a stored run."""
    book, run_id = stored.book, stored.proposal["run_id"]
    wanted = ["--buy-only", "--keep", "AAPL", "--deposit", "200000"]
    proposal = answer(capsys, "rebalance", *book, *wanted, "--no-frontier")
    held = {line["asset_id"]: line["weight_before"] for line in proposal["proposal"]}
    for asked in (book, [run_id]):
        weights = answer(capsys, "optimize", *asked, *wanted)["optimal_weights"]
        assert weights == pytest.approx({line["asset_id"]: line["target_weight"] for line in proposal["proposal"]}, abs=1e-12)
    for point in answer(capsys, "frontier", run_id, *wanted, "--points", "3")["efficient_frontier"]:
        assert point["weights"]["AAPL"] == pytest.approx(held["AAPL"], abs=1e-9)
        assert all(point["weights"].get(a, 0.0) >= w - 1e-9 for a, w in held.items() if a != "CASH")
    moved = answer(capsys, "sensitivity", *book, *wanted)
    assert moved["optimal_weights"]["AAPL"] == pytest.approx(held["AAPL"], abs=1e-9)


@pytest.mark.parametrize("command", ["factors", "forecasts", "views"])
@pytest.mark.parametrize("words", [["--buy-only"], ["--deposit", "5000"], ["--names", "8"], ["--keep", "AAPL"]], ids=str)
def test_what_may_be_traded_is_no_part_of_a_question_about_beliefs(
    command: str, words: list[str], stored: Stored, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = refusal(capsys, command, *stored.book, *words)
    assert problem["asked"]["field"] == words[0]
    assert "is about what is traded" in problem["detail"]
    assert problem["fixes"] == [f"leave {words[0]} out"]
    said: dict[str, Any] = {"buy_only": True} if len(words) == 1 else {words[0].removeprefix("--"): words[1]}
    with pytest.raises(portopt.PortoptError, match="is about what is traded"):
        getattr(portopt, command)(holdings="sample", **said)


def test_factors_are_named_by_their_own_option(stored: Stored, capsys: pytest.CaptureFixture[str]) -> None:
    named = ["--source", "sample", "--factors", "SP500"]
    assert [line["factor"] for line in answer(capsys, "factors", *stored.book, *named)["exposures"]] == ["SP500"]


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
        ([str(REQUEST), "--keep", "AAPL"], "--keep"),
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


def test_a_stored_run_keeps_its_own_prices(stored: Stored, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = stored.proposal["run_id"]
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
