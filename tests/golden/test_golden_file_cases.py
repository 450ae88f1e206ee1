"""Files as users have them, each with the answer worked out by hand: 40 x 102.0034 + 40 x 97.5075 = 7,980.44.

The last prices of AAA and BBB are 102.0034 and 97.5075 in every file; what differs is the shape it came in.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support import few_days

import portopt
from portopt import runtime as runtime_module
from portopt.domain.errors import DataError, PortoptError
from portopt.domain.request import EstimationChoice
from portopt.doors import cli

CASES = Path(__file__).parent / "cases"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    runtime_module.runtime.cache_clear()


def rebalanced(case: str, capsys: pytest.CaptureFixture[str], code: int = 0) -> dict[str, Any]:
    """What the command line prints for the case's holdings and prices."""
    files = ["--holdings", str(CASES / case / "holdings.csv"), "--prices", str(CASES / case / "prices.csv")]
    assert cli.run(["rebalance", *files, "--policy", str(CASES / "policy.json"), "--no-frontier", "--json"]) == code
    return dict(json.loads(capsys.readouterr().out))


def said_of(document: dict[str, Any]) -> str:
    """What is told of reading the files."""
    return " ".join(document["notes"])


@pytest.mark.parametrize(
    ("case", "as_of", "told"),
    [
        ("broker-positions-export", "2024-03-25", "row 1 ('Positions as of 2024-03-25') stands above the names"),
        ("day-first-dates", "2024-03-25", "the day comes first in its dates, as 15/01/2024 says"),
        ("semicolon-prices-decimal-comma", "2024-03-25", "the comma is the decimal mark of its prices"),
        ("trailing-separator-holdings", "2024-03-25", ""),
        ("two-digit-years-over-the-millennium", "2000-02-11", "years of two digits are taken for 70 to 99 as 19.., 00 to 39"),
        ("two-lots-of-one-asset", "2024-03-25", "AAA stands in rows 2 and 3: 10 + 30 = 40 shares"),
        ("yahoo-two-header-rows", "2024-03-25", "prices are those under 'Close'"),
    ],
)
def test_forty_shares_of_each_are_worth_what_the_hand_says_in_every_shape(capsys, case, as_of, told):
    document = rebalanced(case, capsys)
    assert Decimal(document["headline"]["portfolio_value"]) == Decimal("7980.44")
    assert document["as_of"] == as_of
    assert {row["asset_id"]: row["shares_before"] for row in document["proposal"]} == {"AAA": 40, "BBB": 40, "CASH": 0}
    assert told in said_of(document)


def test_every_row_and_column_of_a_brokers_export_is_used_or_listed(capsys):
    told = said_of(rebalanced("broker-positions-export", capsys))
    assert "columns 'Description' and 'Market Value' were not read" in told
    assert "row 6 ('Total') is a total, and was not read" in told


def test_thirty_and_a_half_shares_stay_so_in_a_file_of_semicolons(capsys):
    document = rebalanced("decimal-comma-holdings", capsys)
    assert {row["asset_id"]: row["shares_before"] for row in document["proposal"]} == {"AAA": 30.5, "BBB": 40.25, "CASH": 0}
    value = (Decimal("30.5") * Decimal("102.0034")).quantize(Decimal("0.01"))
    value += (Decimal("40.25") * Decimal("97.5075")).quantize(Decimal("0.01"))
    assert Decimal(document["headline"]["portfolio_value"]) == value
    assert "the comma is the decimal mark of column shares" in said_of(document)


def test_one_ticker_in_two_columns_is_refused_by_name(capsys):
    problem = rebalanced("one-ticker-two-columns", capsys, code=4)
    assert "AAA stands in columns 2 and 4" in problem["detail"]


def test_a_fund_called_cash_is_not_taken_for_money_and_the_advice_leads_to_an_answer(capsys, tmp_path):
    problem = rebalanced("asset-called-cash-with-a-price", capsys, code=4)
    assert "prices an asset called Cash (50.1038 on 2024-03-25)" in problem["detail"]
    assert "taken by money" in problem["detail"]
    assert "Cash_FUND" in problem["fixes"][0]
    for name in ("holdings.csv", "prices.csv"):
        text = (CASES / "asset-called-cash-with-a-price" / name).read_text()
        (tmp_path / name).write_text(text.replace("Cash", "Cash_FUND"))
    words = ["--holdings", str(tmp_path / "holdings.csv"), "--prices", str(tmp_path / "prices.csv"), "--policy"]
    assert cli.run(["rebalance", *words, str(CASES / "policy.json"), "--no-frontier", "--json"]) == 0
    # 100 x 50.1038 + 40 x 97.5075
    assert Decimal(json.loads(capsys.readouterr().out)["headline"]["portfolio_value"]) == Decimal("8910.68")


def test_prices_where_returns_are_meant_are_recognised_and_the_advice_leads_to_an_answer():
    prices = pd.read_csv(CASES / "prices-where-returns-are-meant" / "prices.csv")
    with pytest.raises(DataError, match="prices, not returns") as caught:
        portopt.optimize(prices, "min_risk")
    assert "pct_change" in caught.value.fixes[0]
    assert portopt.optimize(prices.pct_change().dropna(), "min_risk").certificate.verdict == "certified"


def test_one_word_in_a_column_of_returns_does_not_take_the_asset_away():
    frame = pd.read_csv(CASES / "returns-frame-with-one-word" / "returns.csv", keep_default_na=False)
    answer = portopt.optimize(frame, "min_risk")
    assert set(answer.weights) == {"A", "B", "C"}
    assert any("column C: 'n/a' in 1 cell means no return" in note for note in answer.notes)


@pytest.mark.parametrize("method", ["herc", "nco"])
def test_an_asset_without_risk_is_refused_by_name_in_hierarchies(capsys, method):
    request = CASES / "herc-and-nco-with-a-riskless-asset" / f"{method}.json"
    assert cli.run(["optimize", str(request), "--json"]) == 4
    assert "PEG" in json.loads(capsys.readouterr().out)["detail"]


def test_equal_risk_under_a_covariance_of_rank_nine_is_refused_in_a_sentence():
    how = EstimationChoice(covariance="sample", lookback=None, min_observations=2)
    with pytest.raises(PortoptError, match="rank 9") as caught:
        portopt.optimize(few_days(), "risk_parity", estimation=how)
    assert caught.value.exit_code in (2, 4)
