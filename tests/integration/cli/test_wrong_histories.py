"""Wrong questions about histories at the command line: a problem object that names the place and a way out, nothing written."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from small_history import prices_csv

from portopt.domain.errors import PortoptError
from portopt.doors.cli import run
from portopt.doors.history_form import BacktestForm, ComparisonForm, resolve
from portopt.runtime import open_runtime
from portopt.settings import Settings
from portopt.tables.cash_flows import read_cash_flows

POLICY = {
    "objective": {"kind": "min_risk"}, "limits": {"long_only": True, "max_weight": 0.5, "cash": {"max": 0.05}},
    "estimation": {"lookback": 60, "min_observations": 40}, "data": {"stale": "accept"},
}  # fmt: skip
FLOWS = {
    "closed": "date,amount\n2021-05-01,1000\n",
    "late": "date,amount\n2030-05-01,1000\n",
    "too-much": "date,amount\n2021-05-03,-5000000\n",
    "cents": "date,amount\n2021-05-03,1.001\n",
    "without": "date,amount\n2021-05-03,\n",
    "nameless": "when,what\n2021-05-03,1\n",
}
BACKTEST = ("backtest", "--policy", "calm.json")
WALK = ("walk-forward", "--policy", "calm.json", "--paths", "0", "--train", "60", "--test", "40")
COMPARE = ("compare", "--policy", "calm.json")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    prices_csv(tmp_path / "prices.csv", 200)
    (tmp_path / "calm.json").write_text(json.dumps(POLICY))
    for name, content in FLOWS.items():
        (tmp_path / f"{name}.csv").write_text(content)
    (tmp_path / "stays.csv").write_text("asset,from,to\nA,2021-01-01,2021-06-01\nA,2021-05-01,\n")
    (tmp_path / "benchmark.csv").write_text("asset,weight\nA,0.5\nQQQ,0.5\n")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "said", "fix"),
    [
        ((*BACKTEST, "--flows", "closed.csv"), 2, "2021-05-01': is no session", "2021-05-03"),
        ((*BACKTEST, "--flows", "late.csv"), 2, "outside of the prices, 2021-01-04 to 2021-10-08", "leave it out"),
        ((*BACKTEST, "--flows", "too-much.csv"), 2, "takes 5,000,000.00 out of a book that is worth", "take out less than"),
        ((*BACKTEST, "--flows", "cents.csv"), 4, "row 2: 1.001 has parts of a cent", "to the cent"),
        ((*BACKTEST, "--flows", "without.csv"), 4, "row 2: a cash flow without an amount", "fill the row"),
        ((*BACKTEST, "--flows", "nameless.csv"), 4, "no column for the date", "date, amount"),
        ((*BACKTEST, "--members", "stays.csv"), 4, "A is a member from 2021-01-01 until 2021-06-01", "first stay ended"),
        ((*BACKTEST, "--benchmark", "benchmark.csv"), 4, "QQQ has no price by 2021-03-01", "without QQQ"),
        ((*BACKTEST, "--later", "2021-05-03=calm.json@2021-06-01"), 2, "became known on 2021-06-01", "from 2021-06-01 on"),
        ((*BACKTEST, "--later", "2021-05-03"), 2, "is not DATE=POLICY", "--later"),
        ((*BACKTEST, "--later", "2021-05-03=nobody"), 2, "there is no policy 'nobody'", "use one of"),
        ((*BACKTEST, "--rounding", "down"), 2, "is none of whole, fractional, nearest, search", "use one of"),
        ((*BACKTEST, "--rounding", "search", "--fractional"), 2, "fractions were asked for", "one of the two"),
        ((*BACKTEST, "--capital", "-5"), 2, "a backtest begins with money", "1000000"),
        ((*BACKTEST, "--portfolio", "x" * 300), 2, "portfolio_id", ""),
        (
            (*WALK[:5], "--train", "600", "--test", "40"),
            4,
            "600 sessions of training and a test",
            "shorten the training window",
        ),
        ((*WALK, "--purge", "80"), 2, "purge and embargo leave none of the 60 training rows", "a longer training window"),
        ((*WALK, "--later", "2021-05-03=calm.json", "--vary", "limits.max_weight=0.4"), 2, "others follow by date", "dated"),
        ((*COMPARE, "--policy", "calm.json"), 2, "stands there twice", "an id of its own"),
        ((*COMPARE, "--frontier", "1"), 2, "a frontier has two ends", "5 points"),
        ((*COMPARE, "--policy", "min_risk", "--frontier", "3"), 2, "is that of one policy", "name one policy"),
        ((*COMPARE, "--policy", "min_risk", "--later", "2021-05-03=calm.json"), 2, "replaces every policy", "leave the later"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, said: str, fix: str
) -> None:
    before = sorted(folder.rglob("*"))
    assert run([*words, "--prices", "prices.csv", "--costs", "none", "--html", "page.html", "--json"]) == code
    problem: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert said in problem["detail"], problem["detail"]
    assert not fix or any(fix in each for each in problem["fixes"]), problem["fixes"]
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (BacktestForm(flows="cents.csv"), "parts of a cent"),
        (
            BacktestForm(later='[{"date": "2021-05-03", "policy": "quality_focused", "known_from": "2021-06-01"}]'),
            "became known",
        ),
        (BacktestForm(later='[{"date": "2021-05-03"}]'), "later[0].policy is missing"),
        (BacktestForm(rounding="search", fractional=True), "fractions were asked for"),
        (ComparisonForm(beside="quality_focused"), "stands there twice"),
        (ComparisonForm(frontier=1), "two ends"),
        (ComparisonForm(beside="nobody"), "nobody"),
    ],
)
def test_a_form_is_refused_in_the_same_words(folder: Path, form: Any, said: str) -> None:
    runtime = open_runtime(Settings(home=folder / "home"))
    with pytest.raises(PortoptError, match=said.replace("[", r"\[").replace("]", r"\]")):
        resolve(form.model_copy(update={"provider": "files:prices.csv"}), runtime)


def test_cash_flows_are_read_as_a_bank_writes_them(tmp_path: Path) -> None:
    file = tmp_path / "konto.csv"
    file.write_text("Buchungstag;Betrag;Name\n03.05.2021;1.000,50;Sparplan\n13.05.2021;-200,00;Miete\n13.05.2021;100;Zins\n")
    notes: list[str] = []
    found = read_cash_flows(file, notes)
    assert [(day.isoformat(), amount) for day, amount in found] == [
        ("2021-05-03", Decimal("1000.50")), ("2021-05-13", Decimal("-100.00")),
    ]  # fmt: skip
    assert any("several cash flows of 2021-05-13 were added up" in note for note in notes)


def test_a_later_policy_decides_from_its_day_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "narrow.json").write_text(json.dumps({**POLICY, "limits": {**POLICY["limits"], "max_weight": 0.165}}))
    words = ("--prices", "prices.csv", "--later", "2021-06-01=narrow.json@2021-05-01", "--json")
    assert run([*BACKTEST, *words]) == 0
    document = json.loads(capsys.readouterr().out)
    most = {r["date"]: max(w for a, w in r["weights"].items() if a != "CASH") for r in document["rebalances"]}
    assert max(w for day, w in most.items() if day < "2021-06-01") > 0.168
    assert max(w for day, w in most.items() if day >= "2021-06-01") <= 0.165 + 1e-9


def test_a_frontier_walked_forward_holds_the_turnover_limit_at_every_point(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--prices", "prices.csv", "--frontier", "3", "--set", "limits.max_turnover=0.05", "--costs", "none", "--json")
    assert run([*COMPARE, *words]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in document["strategies"] if one["asked"]] == [f"point {k} of 3" for k in (1, 2, 3)]
    points = document["frontier"]["points"]
    assert [p["name"] for p in points] == [f"point {k} of 3" for k in (1, 2, 3)]
    decisions = document["strategies"][0]["decisions"]
    assert all(p["turnover"] <= 0.95 + 0.05 + 0.05 * (decisions - 1) + 1e-6 for p in points)
    assert points[0]["volatility"] <= points[2]["volatility"]


def test_a_member_without_a_price_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "with-a-ghost.csv").write_text("asset,from\nA,2021-01-01\nB,2021-01-01\nGHOST,2021-01-01\n")
    assert run([*BACKTEST, "--prices", "prices.csv", "--members", "with-a-ghost.csv", "--json"]) == 0
    assert "GHOST has no price in file prices.csv: never held" in json.loads(capsys.readouterr().out)["warnings"]
