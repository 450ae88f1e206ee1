"""What docs/methods/units.md says of a bond, a fund and shares is so, in files, in values and in what is kept."""

from __future__ import annotations

import csv
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from unit_book import frame

from portopt.adapters.providers.holdings_files import read_holdings, read_universe
from portopt.dialects.portfolio_trades import trade
from portopt.dialects.requests import read_universe as universe_of_data
from portopt.domain.errors import DataError, RequestError
from portopt.domain.units import NAMES, units_of
from portopt.doors.wire.answering import answer
from portopt.doors.wire.call import Call
from portopt.reports.files.exports import write_csv
from portopt.runs import history
from portopt.runs.report import kept_report
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings
from portopt.verifier import verify

PAGE = (Path(__file__).parents[2] / "docs" / "methods" / "units.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```csv title=(\S+)\n(.*?)```", PAGE, re.DOTALL))
CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
CLOSES = {"ABC": 50.0, "BOND-X": 98.25, "FUND": 20.0}
UNITS = {
    "ABC": {"settlement_days": 1},
    "BOND-X": {
        "price_multiplier": 0.01, "accrued_interest": "1.32",
        "min_denomination": 50000, "increment": 1000, "settlement_days": 2,
    },
    "FUND": {"fraction_digits": 3, "settlement_days": 3, "nav_priced": True, "cut_off": "16:00 Europe/Luxembourg"},
}  # fmt: skip
EXPECTED = {a: units_of(said, a) for a, said in UNITS.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("units")
    for name, content in FILES.items():
        (folder / name).write_text(content)
    frame(CLOSES).write_csv(folder / "units-prices.csv")
    return folder


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    return open_runtime(Settings(home=tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def document(folder: Path, runtime: Runtime) -> dict[str, Any]:
    """Of the page's own code, its files found in the folder."""
    words = re.sub(r'"(units-\w+\.csv)"', lambda found: f'r"{folder / found[1]}"', CODE[0])
    there: dict[str, Any] = {}
    exec(words.replace("policy, universe", "policy, home=home, universe"), {"home": runtime.home}, there)  # the page's words
    return dict(there["found"].record.document)


def test_every_name_is_on_the_page():
    assert [name for name in NAMES if f"| `{name}` |" not in PAGE] == []


def test_files_and_values_say_the_same(folder: Path):
    read = read_universe(folder / "units-universe.csv")
    assert dict(read.units) == EXPECTED
    data = {"assets": [{"id": a, "units": said} for a, said in UNITS.items()]}
    assert dict(universe_of_data(data).units) == EXPECTED
    assert universe_of_data(read.plain()) == read


def test_a_column_of_units_stands_in_holdings_too(tmp_path: Path):
    path = tmp_path / "h.csv"
    path.write_text("symbol,shares,price_multiplier,accrued_interest\nBOND-X,50000,0.01,1.32\nABC,10,,\n")
    assert read_holdings(path)[1] == {"BOND-X": {"units": EXPECTED_BOND}, "ABC": {}}


EXPECTED_BOND = units_of({"price_multiplier": 0.01, "accrued_interest": 1.32}, "")


def test_accrued_interest_without_a_multiplier_is_noted_and_not_read(tmp_path: Path):
    path, notes = tmp_path / "h.csv", []
    path.write_text("Symbol,Quantity,Accrued Interest\nBOND-X,50000,660.00\n")
    assert read_holdings(path, notes=notes)[1] == {"BOND-X": {}}
    assert any("accrued_interest was not read" in note for note in notes)


def test_what_cannot_be_is_refused_with_its_row(tmp_path: Path):
    path = tmp_path / "u.csv"
    path.write_text("symbol,price_multiplier,lot_size\nA,-0.01,\nB,,0\nC,0.01,\n")
    with pytest.raises(DataError) as refused:
        read_universe(path)
    assert "row 2.price_multiplier" in str(refused.value)
    assert "row 3.lot_size" in str(refused.value)


def test_units_in_data_are_refused_with_their_path():
    with pytest.raises(RequestError, match=r"universe\.assets\[0\]\.units\.multiplier"):
        universe_of_data({"assets": [{"id": "A", "units": {"multiplier": 100}}]})


def test_the_page_s_book_comes_to_the_page_s_money(document: dict[str, Any]):
    head = document["headline"]
    assert head["portfolio_value"] == "120002.50"
    trades = {t["asset_id"]: t for t in document["trades"]}
    assert (trades["BOND-X"]["value"], trades["BOND-X"]["accrued_value"]) == ("49785.00", "660.00")
    assert (trades["FUND"]["side"], trades["FUND"]["shares"], trades["FUND"]["value"]) == ("sell", 500.125, "10002.50")
    assert Decimal(head["cash_after"]) + Decimal(head["total_cost"]) == Decimal("12217.50")  # 52,000 + 10,002.50 - 49,785
    assert {a: t["settles_on"] for a, t in trades.items()} == {"BOND-X": "2024-04-01", "FUND": "2024-04-02"}
    first, second = (Decimal(day["balance"]) for day in document["settlement"]["days"])
    assert first + Decimal(trades["BOND-X"]["cost"]) == Decimal("2215.00")
    assert second == Decimal(head["cash_after"])
    assert verify(document).faults == ()


def test_what_is_said_is_kept_and_replayed_to_the_same_bytes(document: dict[str, Any], runtime: Runtime):
    kept = runtime.portfolios.get(document["portfolio_id"]).universe
    assert kept is not None
    assert dict(kept.units) == EXPECTED
    assert history.replay(document["run_id"], runtime)["same"]


def test_files_of_trades_have_columns_for_what_is_said(document: dict[str, Any], tmp_path: Path):
    with write_csv(document, tmp_path / "trades.csv").open(newline="") as file:
        rows = {row["asset_id"]: row for row in csv.DictReader(file)}
    assert rows["BOND-X"]["unit_price"] == "0.9957"
    assert rows["BOND-X"]["shares"] == "50000"
    assert rows["FUND"]["shares"] == "500.125"
    assert rows["FUND"]["cut_off"] == "16:00 Europe/Luxembourg"


def test_the_other_services_words_and_the_report_say_it_too(document: dict[str, Any], runtime: Runtime):
    said = {t["instrument_id"]: t for t in map(trade, document["trades"])}
    assert (said["BOND-X"]["unit_price"], said["BOND-X"]["settles_on"]) == ("0.9957", "2024-04-01")
    assert said["FUND"]["nav_priced"] is True
    page = kept_report(document["run_id"], runtime).read_text(encoding="utf-8")
    assert "BOND-X at 98.25 is 0.9957 a unit, accrued interest included" in page
    assert "Settles on" in page


def test_a_portfolio_is_put_with_units_over_rest(runtime: Runtime):
    body = {"policy": "quality_focused", "universe": {"assets": [{"id": "BOND-X", "units": UNITS["BOND-X"]}]}}
    reply = answer(Call("put_portfolio", place={"portfolio_id": "bonds"}, body=json.dumps(body).encode()), runtime)
    assert reply.status in (200, 201), reply.body
    assert dict(runtime.portfolios.get("bonds").universe.units) == {"BOND-X": EXPECTED["BOND-X"]}
    body["universe"]["assets"][0]["units"] = {"price_multiplier": -1}
    refused = answer(Call("put_portfolio", place={"portfolio_id": "bonds"}, body=json.dumps(body).encode()), runtime)
    assert refused.status == 422
    assert "is negative" in json.loads(refused.body)["detail"]
