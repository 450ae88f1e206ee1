"""What was not read, added up or decided about a file reaches whoever asked: terminal, report, --json, replay."""

from __future__ import annotations

import json
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from portopt import runtime as runtime_module
from portopt.doors import cli

CASES = Path(__file__).parents[2] / "golden" / "cases"
TOLD = (
    "row 1 ('Positions as of 2024-03-25') stands above the names of the columns and was not read",
    "columns 'Description' and 'Market Value' were not read",
    "row 6 ('Total') is a total, and was not read",
    "the comma is the decimal mark of its prices",
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    runtime_module.runtime.cache_clear()
    return tmp_path / "home"


def words(prices: str) -> list[str]:
    holdings = CASES / "broker-positions-export" / "holdings.csv"
    files = [
        "--holdings",
        str(holdings),
        "--prices",
        str(CASES / prices / "prices.csv"),
        "--policy",
        str(CASES / "policy.json"),
    ]
    return ["rebalance", *files, "--no-frontier"]


def document(capsys: pytest.CaptureFixture[str], *asked: str) -> dict[str, Any]:
    assert cli.run([*asked, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_the_notes_of_reading_stand_wherever_the_answer_stands(capsys, home):
    assert cli.run(words("semicolon-prices-decimal-comma")) == 0
    printed = " ".join(capsys.readouterr().out.split())
    answer = document(capsys, *words("semicolon-prices-decimal-comma"))
    report = next((home / "reports").glob("*.html")).read_text()
    page = " ".join(unescape(report).replace("\u2011", "-").replace("\u00a0", " ").split())
    for said in TOLD:
        assert said in printed
        assert said in " ".join(answer["notes"])
        assert said in page
    assert document(capsys, "replay", answer["run_id"])["same"] is True


def test_the_same_prices_in_another_shape_are_the_same_pack_and_another_run(capsys):
    plain, shaped = (document(capsys, *words(case)) for case in ("day-first-dates", "semicolon-prices-decimal-comma"))
    assert plain["pricing_pack"]["id"] == shaped["pricing_pack"]["id"]
    assert plain["run_id"] != shaped["run_id"]
    assert plain["proposal"] == shaped["proposal"]
    assert document(capsys, "replay", shaped["run_id"])["same"] is True
    assert document(capsys, "replay", plain["run_id"])["same"] is True


def test_prices_in_the_place_of_returns_are_refused_at_the_strategies_door(capsys, tmp_path):
    prices = [100.0 + 0.1 * t for t in range(20)]
    request = {
        "portfolio_id": "p", "objective": "MIN_VOLATILITY", "method": "MEAN_VARIANCE",
        "strategies": [{"id": name, "returns": [p * k for p in prices]} for name, k in (("a", 1.0), ("b", 2.0))],
    }  # fmt: skip
    (tmp_path / "request.json").write_text(json.dumps(request))
    assert cli.run(["optimize", str(tmp_path / "request.json"), "--json"]) == 4
    problem = json.loads(capsys.readouterr().out)
    assert "prices, not returns? a (2,543,940%)" in problem["detail"]
    for strategy in request["strategies"]:
        strategy["returns"] = [b / a - 1 for a, b in zip(strategy["returns"], strategy["returns"][1:], strict=False)]
    (tmp_path / "request.json").write_text(json.dumps(request))
    assert cli.run(["optimize", str(tmp_path / "request.json"), "--json"]) == 0
