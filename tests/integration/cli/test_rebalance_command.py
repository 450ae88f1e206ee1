"""From files on disk to a stored, replayable proposal, through the command line and nothing else."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from portopt import runtime as runtime_module
from portopt.doors import cli

ASSETS = [f"S{i:02d}" for i in range(12)]
POLICY = {
    "id": "files",
    "name": "Files",
    "objective": "min_risk",
    "limits": {"max_weight": 0.2, "sector_limits": 0.5, "max_turnover": 0.3, "cash": {"min": 0.0, "max": 0.02}},
    "estimation": {"lookback": None},
}


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with prices, holdings, a universe and a policy, and an installation of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    runtime_module.runtime.cache_clear()
    rng = np.random.default_rng(11)
    growth = 1 + rng.normal(0.0004, 0.01, (120, 1)) + rng.normal(0, 0.008, (120, len(ASSETS)))
    prices = 50 * np.cumprod(growth, axis=0)
    days = np.datetime64("2022-01-03") + np.arange(120)
    lines = [[str(day), *(f"{price:.4f}" for price in row)] for day, row in zip(days, prices, strict=True)]
    write(tmp_path / "prices.csv", [["date", *ASSETS], *lines])
    sectors = [[asset, "even" if i % 2 else "odd"] for i, asset in enumerate(ASSETS)]
    write(tmp_path / "universe.csv", [["symbol", "sector"], *sectors])
    held = [[asset, str(100 + 10 * i)] for i, asset in enumerate(ASSETS[:8])]
    write(tmp_path / "holdings.csv", [["symbol", "shares"], *held, ["CASH", "500"]])
    (tmp_path / "policy.json").write_text(json.dumps(POLICY))
    return tmp_path


def write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


FILES = {"holdings": "holdings.csv", "prices": "prices.csv", "universe": "universe.csv", "policy": "policy.json"}
WORDS = ["rebalance", *(word for name, file in FILES.items() for word in (f"--{name}", file))]


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    """The one JSON document that these words print."""
    assert cli.run([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_a_proposal_keeps_the_policy_and_adds_up_to_the_cent(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = answer(capsys, *WORDS, "--output-dir", "out", "--no-frontier")
    after = {row["asset_id"]: row["weight_after"] for row in document["proposal"]}
    assert max(weight for name, weight in after.items() if name != "CASH") <= 0.2 + 1e-9
    assert document["headline"]["turnover"] <= 0.3 + 1e-9
    money = {name: Decimal(document["headline"][name]) for name in ("cash_before", "cash_after", "total_cost")}
    sells, buys = (sum(Decimal(t["value"]) for t in document["trades"] if t["side"] == side) for side in ("sell", "buy"))
    assert money["cash_after"] == money["cash_before"] + sells - buys - money["total_cost"]
    assert all(float(trade["shares"]).is_integer() for trade in document["trades"])
    assert sorted(path.name for path in (desk / "out").iterdir()) == ["report.html", "trades.csv", "trades.json", "trades.xlsx"]
    assert json.loads((desk / "out" / "trades.json").read_text()) == document


def test_the_same_files_are_the_same_run_and_replay_to_the_same_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    first = answer(capsys, *WORDS)
    runtime_module.runtime.cache_clear()
    assert answer(capsys, *WORDS) == first
    assert [line["run_id"] for line in answer(capsys, "runs")] == [first["run_id"]]
    assert answer(capsys, "replay", first["run_id"])["same"] is True
    assert answer(capsys, "explain", first["run_id"])["run_id"] == first["run_id"]
    assert len(answer(capsys, "packs", "list")) == 1


def test_an_override_is_another_run_and_the_difference_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    first = answer(capsys, *WORDS)
    second = answer(capsys, *WORDS, "--set", "limits.max_weight=0.15", "--fractional")
    assert second["run_id"] != first["run_id"]
    assert second["policy"]["limits"]["max_weight"] == 0.15
    difference = answer(capsys, "packs", "diff", first["run_id"], second["run_id"])
    assert difference["decision"]["same"] is False


def test_in_words_the_proposal_names_its_trades_and_its_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(WORDS) == 0
    out = capsys.readouterr().out
    assert "certified" in out
    assert "reports" in out


def test_an_infeasible_policy_ends_with_three_and_its_problem_on_record(capsys: pytest.CaptureFixture[str]) -> None:
    problem = answer(capsys, *WORDS, "--set", "limits.max_weight=0.05", code=3)
    assert problem["code"] == "infeasible"
    assert problem["fixes"]
    (run,) = answer(capsys, "runs")
    assert (run["status"], run["problem"], run["report_path"]) == ("infeasible", problem, None)
    assert answer(capsys, "explain", run["run_id"])["problem"] == problem


def test_a_holding_without_a_price_ends_with_four(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (desk / "holdings.csv").open("a") as file:
        file.write("GHOST,10\n")
    problem = answer(capsys, *WORDS, code=4)
    assert "GHOST" in problem["detail"]
    assert answer(capsys, "runs") == []


def test_the_frontier_of_the_same_files_rises(capsys: pytest.CaptureFixture[str]) -> None:
    document = answer(capsys, "frontier", *WORDS[1:], "--points", "5")
    risks = [point["risk"] for point in document["efficient_frontier"]]
    assert risks == sorted(risks)
    assert len(risks) == 5


def test_holdings_that_say_everything_need_no_other_file(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """holdings.csv with sectors, scores and benchmark weights; prices.parquet, long; a policy that ships."""
    import polars as pl

    rng, names = np.random.default_rng(3), [f"N{i:02d}" for i in range(18)]
    growth = 1 + rng.normal(0.0006, 0.008, (300, 1)) + rng.normal(0, 0.009, (300, 18))
    prices = 40 * np.cumprod(growth, axis=0)
    days = np.datetime64("2024-01-01") + np.arange(300)
    long = [
        {"asset": n, "date": d.item(), "close": float(prices[t, i])} for i, n in enumerate(names) for t, d in enumerate(days)
    ]
    pl.DataFrame(long).write_parquet(desk / "prices.parquet")
    shares = [str(round(60_000 * (0.7 + 0.05 * (i % 9)) / prices[-1, i])) for i in range(18)]
    rows = [[n, shares[i], f"Sector {i % 9}", "9.1", str(1 / 18)] for i, n in enumerate(names)]
    write(desk / "holdings.csv", [["asset", "shares", "sector", "quality_score", "benchmark_weight"], *rows])

    words = ["rebalance", "--holdings", "holdings.csv", "--prices", "prices.parquet", "--policy", "conservative_income"]
    document = answer(capsys, *words, "--no-frontier")

    after = {row["name"]: row["after"] for row in document["figures"]}
    assert after["tracking_error"] <= 0.015 + 1e-9
    assert document["headline"]["turnover"] <= 0.15 + 1e-9
    assert document["verdict"]["certified"] is True
    assert document["policy"]["id"] == "conservative_income"


def test_long_and_short_with_leverage_is_proposed_and_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    sets = {"limits.long_only": "false", "limits.leverage_limit": "1.3", "limits.cash": "null", "limits.sector_limits": "null"}
    words = [word for name, value in sets.items() for word in ("--set", f"{name}={value}")]
    document = answer(capsys, *WORDS, *words, "--set", 'objective={"kind": "utility", "risk_aversion": 2}', "--no-frontier")

    risky = [row["weight_after"] for row in document["proposal"] if row["asset_id"] != "CASH"]
    assert min(risky) < 0
    assert sum(abs(w) for w in risky) <= 1.3 + 1e-9
    assert answer(capsys, "replay", document["run_id"])["same"] is True


def test_every_expected_return_under_the_risk_free_rate_is_said_with_the_ways_out(capsys: pytest.CaptureFixture[str]) -> None:
    problem = answer(capsys, *WORDS, "--set", 'objective={"kind": "max_sharpe"}', "--set", "risk_free_rate=0.9", code=2)

    assert problem["code"] == "no_positive_excess_return"
    assert any("min_risk" in fix for fix in problem["fixes"])


def test_the_same_prices_under_another_name_replay_to_their_own_bytes(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = answer(capsys, *WORDS, "--no-frontier")
    (desk / "prices.csv").rename(desk / "renamed.csv")
    words = ["renamed.csv" if word == "prices.csv" else word for word in WORDS]
    second = answer(capsys, *words, "--no-frontier", "--set", "limits.max_turnover=.29")

    assert second["pricing_pack"]["id"] == first["pricing_pack"]["id"]
    assert answer(capsys, "replay", second["run_id"])["same"] is True


def test_a_price_in_other_units_is_named_with_its_date(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (desk / "prices.csv").read_text().splitlines()
    cells = lines[-1].split(",")
    cells[1] = str(100 * float(cells[1]))
    (desk / "prices.csv").write_text("\n".join([*lines[:-1], ",".join(cells)]) + "\n")

    problem = answer(capsys, *WORDS, code=4)

    assert problem["code"] == "bad_data"
    assert "S00" in json.dumps(problem)
    assert cells[0] in json.dumps(problem)


def test_a_holding_without_a_price_on_the_last_day_is_said(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (desk / "prices.csv").read_text().splitlines()
    cells = lines[-1].split(",")
    cells[1] = ""
    (desk / "prices.csv").write_text("\n".join([*lines[:-1], ",".join(cells)]) + "\n")

    document = answer(capsys, *WORDS, "--no-frontier")

    (finding,) = [f for f in document["data_quality"]["findings"] if f["asset_id"] == "S00"]
    assert finding["kind"] == "gap"
    assert "has had no price since" in " ".join(document["verdict"]["sentences"])
