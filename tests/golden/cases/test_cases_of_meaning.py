"""What the data mean: halts, delistings and splits as users met them, by the command line, with figures by hand."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from portopt import runtime as runtime_module
from portopt.doors import cli

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _own_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    runtime_module.runtime.cache_clear()


def rebalanced(case: str, capsys: pytest.CaptureFixture[str], *more: str, policy: Path | None = None) -> dict[str, Any]:
    folder = HERE / case
    files = [
        "--holdings",
        folder / "holdings.csv",
        "--prices",
        folder / "prices.csv",
        "--policy",
        policy or folder / "policy.json",
    ]
    code = cli.run(["rebalance", *map(str, files), "--no-frontier", "--json", *more])
    said = json.loads(capsys.readouterr().out)
    assert code == 0, said
    return dict(said)


def figure(document: dict[str, Any], name: str, when: str) -> float:
    (row,) = [row for row in document["figures"] if row["name"] == name]
    return float(row[when])


def shares_after(document: dict[str, Any]) -> dict[str, float]:
    return {row["asset_id"]: float(row["shares_after"]) for row in document["proposal"] if row["asset_id"] != "CASH"}


def own_prices(case: str, asset: str) -> list[tuple[str, float]]:
    with (HERE / case / "prices.csv").open() as file:
        return [(row["Date"], float(row[asset])) for row in csv.DictReader(file) if row[asset]]


def test_the_fall_over_a_trading_halt_counts_and_is_named(capsys):
    prices = np.array([price for _, price in own_prices("returns-over-a-trading-halt", "HLT")])
    own = prices[1:] / prices[:-1] - 1
    document = rebalanced("returns-over-a-trading-halt", capsys)
    # 96 returns over 99 days; their plain mean, which takes the halt for one day, is -1.64 a year
    assert figure(document, "expected_return", "before") == pytest.approx(own.sum() / 99 * 252, rel=1e-9)
    assert figure(document, "expected_return", "before") == pytest.approx(own.mean() * 252, rel=0.04)
    (finding,) = document["data_quality"]["findings"]
    assert (finding["kind"], finding["asset_id"], finding["date"]) == ("extreme_move", "HLT", "2024-03-29")
    assert finding["value"] == pytest.approx(own.min())


def test_what_is_no_longer_traded_is_not_bought_whatever_its_past_and_is_kept_at_its_last_price(capsys):
    document = rebalanced("delisted-with-the-best-past", capsys)
    assert shares_after(document)["GONE"] == 10
    (finding,) = document["data_quality"]["findings"]
    assert (finding["kind"], finding["treatment"], finding["date"]) == ("no_longer_traded", "quarantined", "2024-04-08")
    last = own_prices("delisted-with-the-best-past", "GONE")[-1][1]
    (line,) = [row for row in document["proposal"] if row["asset_id"] == "GONE"]
    assert float(line["price"]) == pytest.approx(last, abs=0.005)
    assert any("GONE" in note and "valued at that price and not traded" in note for note in document["notes"])


def test_what_is_no_longer_traded_is_sold_where_the_policy_says_so_by_name(capsys, tmp_path):
    policy = json.loads((HERE / "delisted-with-the-best-past" / "policy.json").read_text())
    policy["policies"][0]["limits"]["exclusions"] = ["GONE"]
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    document = rebalanced("delisted-with-the-best-past", capsys, policy=tmp_path / "policy.json")
    assert shares_after(document).get("GONE", 0.0) == 0.0
    assert any("it is sold, as it is excluded by name, at that price" in note for note in document["notes"])


def test_a_split_of_twelve_for_one_is_named_with_its_date_and_its_ratio(capsys):
    document = rebalanced("split-12-for-1", capsys)
    (finding,) = document["data_quality"]["findings"]
    assert (finding["kind"], finding["asset_id"], finding["date"]) == ("unadjusted_split", "SPL", "2024-03-26")
    assert "looks like a 12:1 split" in finding["detail"]
    assert finding["treatment"] == "quarantined"
    assert shares_after(document)["SPL"] == 40


def foreign(tmp_path: Path, *, price: str = "25.00") -> list[str]:
    (tmp_path / "holdings.csv").write_text(f"asset,shares,price\nAAA,40,98\nBBB,40,90\nPRIV,100,{price}\n")
    return ["--holdings", str(tmp_path / "holdings.csv")]


def test_a_holding_without_a_market_is_refused_and_following_the_advice_keeps_it_at_the_price_its_row_gives(capsys, tmp_path):
    case = HERE / "delisted-with-the-best-past"
    common = ["rebalance", *foreign(tmp_path), "--prices", str(case / "prices.csv"), "--policy", str(case / "policy.json")]
    assert cli.run([*common, "--json"]) == 4
    refused = json.loads(capsys.readouterr().out)
    assert "set the policy's data.unknown_asset to 'quarantine'" in " ".join(refused["fixes"])
    assert cli.run([*common, "--no-frontier", "--json", "--set", "data.unknown_asset=quarantine"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert shares_after(document)["PRIV"] == 100
    (line,) = [row for row in document["proposal"] if row["asset_id"] == "PRIV"]
    assert float(line["price"]) == 25.0
    assert any("PRIV has no price" in note and "at 25.00 as its own row says" in note for note in document["notes"])
    last = [own_prices(case.name, asset)[-1][1] for asset in ("AAA", "BBB")]
    assert line["weight_before"] == pytest.approx(2500 / (40 * last[0] + 40 * last[1] + 2500), abs=1e-5)


def test_a_holding_without_any_price_at_all_is_refused_with_what_would_help(capsys, tmp_path):
    case = HERE / "delisted-with-the-best-past"
    common = ["rebalance", *foreign(tmp_path, price=""), "--prices", str(case / "prices.csv")]
    assert cli.run([*common, "--policy", str(case / "policy.json"), "--json", "--set", "data.unknown_asset=quarantine"]) == 4
    refused = json.loads(capsys.readouterr().out)
    assert "no price for PRIV" in refused["detail"]
    assert "give its row a price" in " ".join(refused["fixes"])
