"""In a notebook every question takes the same things under the same names, and every answer shows itself in the same ways."""

from __future__ import annotations

import inspect
import io
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import typer

import portopt
from portopt.doors.cli import app, run
from portopt.doors.notebook.posing import OF_A_BOOK
from portopt.intake.wanted import Wanted
from portopt.runtime import runtime

ASSETS = ["AAPL", "JNJ", "KO", "XOM"]
POLICY = {
    "id": "shape",
    "name": "shape",
    "objective": {"kind": "utility", "risk_aversion": 4.0},
    "limits": {"max_weight": 0.45, "max_turnover": 0.3},
    "estimation": {"lookback": None},
}
HELD = {"AAPL": 300, "JNJ": 500, "KO": 200, "XOM": 100, "CASH": 5_000.0}
QUESTIONS: dict[str, dict[str, Any]] = {
    "optimize": {},
    "frontier": {"points": 4},
    "pareto": {"axes": ("return", "risk"), "points": 4},
    "lexicographic": {"order": ("risk", "return")},
    "sensitivity": {},
    "risk": {"risk_measure": "cvar", "confidence": 0.9},
    "views": {"views": "AAPL == 12% @ 60%"},
    "factors": {},
    "forecasts": {"covariances": ("sample", "oas"), "means": (), "window": 100},
    "periods": {"objective": {"kind": "multi_period", "risk_aversion": 4.0, "periods": 2, "years": 0.25}},
}


def made_prices() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    returns = rng.normal(0.0005, 0.01, (300, 4)) + rng.normal(0, 0.005, (300, 1))
    dates = pd.bdate_range("2023-01-02", periods=300)
    return pd.DataFrame(100 * np.exp(np.cumsum(returns, axis=0)), index=dates, columns=ASSETS).round(2)


PRICES = made_prices()
RETURNS = PRICES.pct_change().dropna()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def proposal(home: Path) -> portopt.Proposal:
    return portopt.rebalance(HELD, PRICES, POLICY, home=home)


def asked(name: str, *args: Any, **words: Any) -> Any:
    return getattr(portopt, name)(*args, **{**QUESTIONS[name], **words})


def timeless(answer: Any) -> Any:
    document = json.loads(json.dumps(answer.document))
    document.get("optimization_metadata", {}).pop("optimization_time_ms", None)
    return document


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_book_a_proposal_and_a_stored_run_are_asked_alike(name: str, proposal: portopt.Proposal, home: Path) -> None:
    of_book = asked(name, holdings=HELD, prices=PRICES, policy=POLICY, home=home)
    of_proposal, of_run = asked(name, proposal), asked(name, proposal.run_id, home=home)
    assert timeless(of_book) == timeless(of_proposal) == timeless(of_run)
    assert of_book.document["pricing_pack_id"] == proposal.document["pricing_pack"]["id"]


@pytest.mark.parametrize("name", QUESTIONS)
def test_returns_prices_a_request_its_file_and_an_answer_are_asked_alike(name: str, tmp_path: Path) -> None:
    words = {"objective": QUESTIONS[name].get("objective", "min_risk"), "limits": {"max_weight": 0.5}}
    words |= {"views": QUESTIONS[name]["views"]} if name == "views" else {}
    how = {key: value for key, value in QUESTIONS[name].items() if key not in ("objective", "views")}
    of_returns = getattr(portopt, name)(RETURNS, **words, **how)
    of_prices = getattr(portopt, name)(prices=PRICES, **words, **how)
    request = portopt.ask(RETURNS, **words)
    of_request = getattr(portopt, name)(request, **how)
    of_answer = getattr(portopt, name)(portopt.optimize(request), **how)
    assert timeless(of_returns) == timeless(of_prices) == timeless(of_request) == timeless(of_answer)
    assert "pricing_pack_id" not in of_returns.document


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_answer_is_a_frame_a_drawing_a_document_words_and_files(
    name: str, proposal: portopt.Proposal, tmp_path: Path
) -> None:
    answer = asked(name, proposal)
    frame = answer.to_frame()
    assert isinstance(frame, pl.DataFrame)
    assert frame.height > 0
    assert answer.plot()._repr_svg_().startswith("<svg")
    assert str(answer)
    assert "<" in answer._repr_html_()
    for ending in (".json", ".csv", ".parquet", ".xlsx", ".svg"):
        assert answer.save(tmp_path / f"answer{ending}").stat().st_size > 0
    assert pl.read_parquet(tmp_path / "answer.parquet").equals(frame)
    assert json.loads((tmp_path / "answer.json").read_text()).keys() == answer.document.keys()
    with pytest.raises(portopt.PortoptError, match=r"ends in none of .*\.csv"):
        answer.save(tmp_path / "answer.doc")


@pytest.mark.parametrize("name", [name for name in QUESTIONS if name not in ("views", "periods", "forecasts")])
def test_an_answer_reads_as_the_command_line_prints_it(
    name: str, proposal: portopt.Proposal, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.setenv("PORTOPT_HOME", str(home))
    runtime.cache_clear()
    options = {
        "order": "--order",
        "axes": "--axes",
        "points": "--points",
        "risk_measure": "--risk-measure",
        "confidence": "--confidence",
    }
    words = [w for key, v in QUESTIONS[name].items() for w in (options[key], ",".join(v) if isinstance(v, tuple) else str(v))]
    out = io.StringIO()
    with redirect_stdout(out):
        assert run([name, proposal.run_id, *words]) == 0
    printed = "\n".join(line.rstrip() for line in out.getvalue().rstrip("\n").split("\n"))
    said = str(asked(name, proposal))
    # The command line looks for what more room is worth by solving again; both say what the multipliers say.
    strip = [line for line in printed.split("\n") if not line.startswith("binding:")]
    assert [line for line in said.split("\n") if not line.startswith("binding:")] == strip


def test_weights_are_a_dict_a_frame_and_sorted_views() -> None:
    weights = portopt.optimize(RETURNS, "min_risk", limits={"max_weight": 0.5}).weights
    assert list(weights) == ASSETS
    assert weights["KO"] == weights.to_frame().filter(pl.col("asset") == "KO")["weight"].item()
    assert sum(weights.values()) == pytest.approx(1.0, abs=1e-12)
    assert list(weights.sorted().values()) == sorted(weights.values(), reverse=True)
    assert list(weights.largest(2)) == list(weights.sorted())[:2]
    series = weights.to_pandas()
    assert isinstance(series, pd.Series)
    assert dict(series) == weights
    assert pd.Series(weights).equals(pd.Series(dict(weights)))
    assert portopt.Weights({"A": 0.0, "B": -0.2, "C": 1.2}).held == {"B": -0.2, "C": 1.2}
    assert str(portopt.Weights({"A": 0.25, "B": 0.75})).split("\n") == ["Asset   Weight", "A      25.00 %", "B      75.00 %"]
    assert json.loads(json.dumps(weights)) == weights


def test_a_refusal_is_shown_as_the_command_line_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    with pytest.raises(portopt.PortoptError) as refusal:
        portopt.optimize(RETURNS, "min_risk", limits={"max_weight": 0.1})
    error: Any = refusal.value
    lines = error._render_traceback_()
    assert lines[0] == "No portfolio satisfies all of these limits  infeasible"
    assert any("4 eligible assets" in line for line in lines)
    assert any(line.startswith("Fixes") for line in lines)
    assert "4 eligible assets" in error._repr_html_()
    assert "Traceback" not in "\n".join(lines)
    internal: Any = portopt.PortoptError("ours")
    assert internal._render_traceback_() == ["portopt.domain.errors.PortoptError: ours\n"]


def test_nothing_that_was_named_becomes_markup() -> None:
    name = "<script>alert(1)</script>"
    answer = portopt.risk({name: RETURNS["AAPL"].to_list(), "[red]B": RETURNS["KO"].to_list()}, objective="min_risk")
    for shown in (answer._repr_html_(), portopt.optimize(answer)._repr_html_(), portopt.optimize(answer).weights._repr_html_()):
        assert "<script" not in shown
        assert "[red]B" in shown


def test_a_frame_in_a_file_of_commas_runs_no_formula(tmp_path: Path) -> None:
    weights = portopt.optimize({"=1+1": RETURNS["AAPL"].to_list(), "B": RETURNS["KO"].to_list()}, "min_risk")
    assert "\n'=1+1," in weights.save(tmp_path / "weights.csv").read_text()


def test_other_words_over_a_proposal_are_words_over_its_policy(proposal: portopt.Proposal, home: Path) -> None:
    tighter = portopt.optimize(proposal, limits={"max_turnover": 0.1})
    assert tighter.document["portopt"]["limits"]["max_turnover"].startswith("at most 10")
    by_path = portopt.optimize(proposal, sets={"limits.max_turnover": 0.1})
    assert by_path.weights == tighter.weights
    anew = portopt.rebalance(proposal, limits={"max_turnover": 0.1})
    assert anew.run_id != proposal.run_id
    assert portopt.rebalance(HELD, PRICES, POLICY, limits={"max_turnover": 0.1}, home=home).run_id == anew.run_id
    assert portopt.rebalance(proposal.run_id, home=home).run_id == proposal.run_id


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (lambda p: portopt.risk(p, prices=PRICES), "prices"),
        (lambda p: portopt.risk(RETURNS, policy="min_risk"), "policy"),
        (lambda p: portopt.risk(RETURNS, holdings=HELD), "returns"),
        (lambda p: portopt.risk(RETURNS, prices=PRICES), "prices"),
        (lambda p: portopt.risk(RETURNS, returns=RETURNS), "returns"),
        (lambda p: portopt.risk(RETURNS, as_of="2023-06-01"), "as_of"),
        (lambda p: portopt.risk(RETURNS, polizy="min_risk"), "polizy"),
        (lambda p: portopt.risk("prices.csv"), "asked"),
        (lambda p: portopt.risk(), "returns"),
        (lambda p: portopt.risk(portopt.ask(RETURNS), limits={}), "limits"),
        (lambda p: portopt.rebalance(), "holdings"),
        (lambda p: portopt.rebalance(portopt.ask(RETURNS)), "holdings"),
        (lambda p: portopt.rebalance(HELD, PRICES, POLICY, provider="sample"), "provider"),
        (lambda p: portopt.explain(7), "run"),
    ],
)
def test_a_word_without_effect_is_refused_by_name(
    ask: Callable[[portopt.Proposal], Any], field: str, proposal: portopt.Proposal
) -> None:
    with pytest.raises(portopt.PortoptError) as refusal:
        ask(proposal)
    assert refusal.value.field == field


def test_a_history_of_prices_ends_where_it_is_asked_to_and_counts_its_own_year() -> None:
    until = portopt.ask(prices=PRICES, as_of="2023-06-30")
    assert until.returns is not None
    assert len(until.returns) == len(PRICES[:"2023-06-30"]) - 1
    assert until.returns == pytest.approx(PRICES[:"2023-06-30"].pct_change().dropna().to_numpy(), abs=1e-15)
    monthly = portopt.ask(prices=PRICES.resample("ME").last())
    assert monthly.estimation.periods_per_year == 12.0


def test_a_request_about_a_book_is_whole_without_the_frame_it_came_from(home: Path) -> None:
    request = portopt.ask(holdings=HELD, prices=PRICES, policy=POLICY, home=home)
    assert portopt.optimize(request, home=home).weights == portopt.optimize(holdings=HELD, prices=PRICES, policy=POLICY).weights


def test_many_questions_are_answered_in_their_order_and_one_refusal_holds_up_nobody(proposal: portopt.Proposal) -> None:
    found = portopt.batch([RETURNS, proposal, {"limits": {"max_weight": 0.1}}, {"limitz": {}}], returns=None)
    alone = [portopt.optimize(RETURNS), portopt.optimize(proposal)]
    assert [found[k].weights for k in range(2)] == [answer.weights for answer in alone]  # type: ignore[union-attr]
    with_words = portopt.batch([{"limits": {"max_weight": 0.1}}, {"limits": {"max_weight": 0.5}}], returns=RETURNS)
    assert isinstance(with_words[0], portopt.PortoptError)
    assert isinstance(with_words[1], portopt.Allocation)
    assert with_words.to_frame()["refused"].is_null().to_list() == [False, True]
    assert "1 answered, 1 refused" in str(with_words)
    assert with_words.plot()._repr_svg_().startswith("<svg")
    assert [("code" in document) for document in with_words.document] == [True, False]


def test_reasons_are_a_table(proposal: portopt.Proposal, home: Path) -> None:
    reasons = portopt.explain(proposal)
    assert reasons.document == portopt.explain(proposal.run_id, home=home).document
    assert set(reasons.to_frame()["asset_id"]) == {*ASSETS, "CASH"}
    assert "Why each position" in str(reasons)


def test_a_proposal_is_saved_as_the_command_line_saves_it(proposal: portopt.Proposal, home: Path, tmp_path: Path) -> None:
    again = portopt.rebalance(HELD, PRICES, POLICY, home=home, output_dir=tmp_path / "out", frontier=True)
    assert again.missing == ()
    for name in ("trades.csv", "trades.xlsx", "trades.json", "report.html"):
        saved = proposal.save(tmp_path / f"saved{Path(name).suffix}")
        if not name.endswith("xlsx"):
            assert saved.read_bytes() == (tmp_path / "out" / name).read_bytes()
    assert proposal.weights.to_frame()["weight"].sum() == pytest.approx(1.0, abs=1e-9)
    assert "run reb-" in str(proposal)


def options_of(command: str) -> set[str]:
    """The command's own options, as words of Python."""
    found = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    return {parameter.name for parameter in found.params} - {"help", "as_json"}


def test_a_rebalance_has_every_option_of_the_command_line() -> None:
    renamed = {"with_frontier": "frontier", "also_rebalance": "rebalance"}
    by_command = {renamed.get(name, name) for name in options_of("rebalance")}
    parameters = set(inspect.signature(portopt.rebalance).parameters) - {"wanted", "home", "limits"}
    assert by_command == parameters | set(Wanted.__annotations__)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_has_every_option_of_its_command(name: str) -> None:
    renamed = {"request": "asked", "plot": None, "tolerance": "tolerances", "only": "factors"}
    by_command = {renamed.get(option, option) for option in options_of(name)} - {None}
    own = set(inspect.signature(getattr(portopt, name)).parameters)
    assert by_command - own <= set(OF_A_BOOK)
    assert {"asked", "home", "question"} <= own


def test_a_dict_of_returns_needs_no_frame_library_of_another() -> None:
    code = (
        "import portopt, sys\n"
        "a = portopt.optimize({'A': [0.01, 0.02, -0.01, 0.0], 'B': [0.0, 0.01, 0.02, -0.01]}, 'min_risk')\n"
        "str(a), a.weights.to_frame(), a._repr_html_(), a.plot()\n"
        "print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_where_nothing_moves_the_answer_is_shown_all_the_same() -> None:
    moves = portopt.sensitivity({"A": [0.01, 0.02, -0.01, 0.0], "B": [0.0, 0.01, 0.02, -0.01]}, objective="min_risk")
    assert moves.plot()._repr_svg_().startswith("<svg")
    assert moves.weights == portopt.optimize(moves).weights
    assert "<svg" in moves._repr_html_()
