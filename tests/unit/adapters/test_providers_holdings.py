"""Holdings, universes and benchmarks out of files: exact decimals, and errors by row and column."""

from __future__ import annotations

import io
import json
from decimal import Decimal

import polars as pl
import pytest

from portopt.adapters.providers.holdings_files import read_benchmark, read_holdings, read_universe
from portopt.domain.errors import DataError, FileNotReadable, MalformedDocument, UnknownField
from portopt.domain.universe import Asset


def written(tmp_path, text: str, name: str = "book.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_shares_are_the_decimals_that_were_written_and_cash_is_cash_in_any_case(tmp_path):
    path = written(tmp_path, "Ticker,Quantity\nAAPL,0.1\nMSFT,123456789.123456789\nXOM,-5\nCash,1000.10\n")
    holdings, described = read_holdings(path)
    assert holdings.shares == {"AAPL": Decimal("0.1"), "MSFT": Decimal("123456789.123456789"), "XOM": Decimal(-5)}
    assert str(holdings.cash) == "1000.10"
    assert holdings.portfolio_id == "book"
    assert described == {"AAPL": {}, "MSFT": {}, "XOM": {}}
    assert read_holdings(path, "P1")[0].portfolio_id == "P1"


def test_what_the_file_says_of_an_asset_comes_along_and_its_price_does_not(tmp_path):
    path = written(
        tmp_path,
        "symbol,shares,price,quality_score,sector,tradable\nAAPL,100,232.50,9.2,Information Technology,\nXOM,200,112.3,,,no\n",
    )
    assert read_holdings(path)[1] == {
        "AAPL": {"quality_score": 9.2, "sector": "Information Technology"},
        "XOM": {"tradable": False},
    }


@pytest.mark.parametrize("kind", ["xlsx", "parquet", "parquet of floats", "json list", "json object", "tsv", "semicolons"])
def test_every_kind_of_file_gives_the_same_holdings(tmp_path, kind):
    text = pl.DataFrame({"symbol": ["AAPL", "MSFT", "CASH"], "shares": ["0.1", "20", "7.25"]})
    numbers = text.with_columns(pl.col("shares").cast(pl.Float64))
    path = tmp_path / {"xlsx": "b.xlsx", "tsv": "b.tsv", "semicolons": "b.csv"}.get(
        kind, "b.json" if "json" in kind else "b.parquet"
    )
    if kind == "xlsx":
        numbers.write_excel(path)
    elif "parquet" in kind:
        (numbers if "floats" in kind else text).write_parquet(path)
    elif kind == "json list":
        path.write_text('{"holdings": [{"symbol": "AAPL", "shares": 0.1}, {"symbol": "MSFT", "shares": 20}], "cash": 7.25}')
    elif kind == "json object":
        path.write_text('{"AAPL": 0.1, "MSFT": "20", "cash": 7.25}')
    else:
        path.write_text(text.write_csv(separator="\t" if kind == "tsv" else ";"))
    holdings, _ = read_holdings(path)
    assert holdings.shares == {"AAPL": Decimal("0.1"), "MSFT": Decimal(20)}
    assert holdings.cash == Decimal("7.25")


@pytest.mark.parametrize("text", ['[{"asset": "A", "shares": 3}]', "asset,shares\nA,3\n"])
def test_a_dash_reads_standard_input(monkeypatch, text):
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    holdings, _ = read_holdings("-")
    assert holdings.shares == {"A": Decimal(3)}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("symbol,shares\n", "holds no holdings: not one row below its header"),
        ("", "holds no holdings"),
        ("symbol,shares\nA,NaN\n", "row 2, column shares: 'NaN' is not a number"),
        ("symbol,shares\nA,inf\n", "row 2, column shares: 'inf' is not a number"),
        ("symbol,shares\nA,\n", "row 2, column shares: is empty"),
        (
            'symbol,shares\n\nA,"1,000"\n',
            r"row 3, column shares: '1,000' may be 1000 or 1.000: .* \(write it with a decimal point, without thousands",
        ),
        ("symbol,shares\nA,1e99\n", "row 2, column shares"),
        ("symbol,shares\nA,1_000\n", "row 2, column shares"),
        ("symbol,shares,sector\nA,1,x\nA,3,y\n", "row 3, column sector: A is 'y' here and 'x' above"),
        ("symbol,shares\n,2\n", "row 2: no asset is named"),
        ("symbol,name\nA,x\n", "no column for the shares; it has: asset, name"),
        ("shares\n5\n", "no column for the asset"),
        ("symbol,shares,quality\nA,1,good\n", "row 2, column quality_score: 'good' is not a number"),
        ("symbol,shares,tradable\nA,1,maybe\n", "row 2, column tradable: 'maybe' is neither true nor false"),
        ("symbol,shares,currency\nA,1,USD\nB,1,EUR\n", "one portfolio has one currency, found EUR, USD"),
        ("symbol,ticker,shares\nA,A,1\n", "two columns hold the asset"),
        ("symbol,shares\nA,1,2\n", "row 2: 3 cells under 2 columns"),
    ],
)
def test_what_is_wrong_is_named_by_row_and_column(tmp_path, text, match):
    with pytest.raises(DataError, match=match) as caught:
        read_holdings(written(tmp_path, text))
    assert caught.value.exit_code == 4
    assert "book.csv" in str(caught.value)


def test_everything_wrong_is_named_at_once(tmp_path):
    with pytest.raises(DataError) as caught:
        read_holdings(written(tmp_path, "symbol,shares\nA,x\nB,y\n,1\n"))
    assert caught.value.measured["count"] == 3


def test_an_unknown_column_is_answered_with_the_nearest_known(tmp_path):
    with pytest.raises(UnknownField, match="'holdings.sharess' is not a field of this request; did you mean 'shares'"):
        read_holdings(written(tmp_path, "symbol,sharess\nA,1\n"))


@pytest.mark.parametrize("text", ["{", "[1]", '"x"', '{"holdings": 5}'])
def test_json_that_is_no_holdings_is_malformed(tmp_path, text):
    with pytest.raises(MalformedDocument):
        read_holdings(written(tmp_path, text, "b.json"))


def test_json_beside_the_holdings_is_not_dropped_silently(tmp_path):
    with pytest.raises(UnknownField, match="'holdings.csh' is not a field of this request; did you mean 'cash'"):
        read_holdings(written(tmp_path, '{"holdings": [], "csh": 5}', "b.json"))


@pytest.mark.parametrize(
    ("name", "content"), [("b.xlsx", b"x"), ("b.parquet", b"x"), ("b.csv", b"\xff\xfe\xff"), ("b.pdf", b"x")]
)
def test_files_that_are_not_what_they_say_are_not_readable(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileNotReadable, match=name):
        read_holdings(tmp_path / name)
    with pytest.raises(FileNotReadable, match="No such file"):
        read_holdings(tmp_path / f"missing-{name}" if name != "b.pdf" else tmp_path / "missing.csv")


def test_a_universe_keeps_the_files_order_with_cash_last(tmp_path):
    path = written(tmp_path, "asset_id,name,sector,quality_score,esg_score\nB,Bee,Energy,6.5,3\nCASH,,,,\nA,Ay,,,\n")
    assert read_universe(path).assets == (Asset("B", "Bee", "Energy", None, 6.5, 3.0), Asset("A", "Ay"), Asset("CASH"))


def test_benchmark_weights_add_to_one(tmp_path):
    weights = read_benchmark(written(tmp_path, "symbol,weight\nA,0.3333\nB,0.3333\nC,0.3333\n"))
    assert sum(weights.values()) == pytest.approx(1.0, abs=1e-15)
    assert read_benchmark(written(tmp_path, json.dumps({"A": 0.25, "B": 0.75}), "b.json")) == {"A": 0.25, "B": 0.75}


@pytest.mark.parametrize(
    ("text", "match", "fix"),
    [
        ("symbol,weight\nA,0.5\nB,0.4\n", "benchmark weights add to 0.9, not to 1", "fractions"),
        ("symbol,weight\nA,50\nB,50\n", "benchmark weights add to 100, not to 1", "percent"),
        ("symbol,weight\nA,1.5\nB,-0.5\n", "row 3, column weight: -0.5 is negative", "correct"),
    ],
)
def test_a_benchmark_that_is_none_is_refused_with_the_measured_sum(tmp_path, text, match, fix):
    with pytest.raises(DataError, match=match) as caught:
        read_benchmark(written(tmp_path, text))
    assert fix in caught.value.fixes[0]


def test_columns_of_exposures_are_kept_by_name_and_an_empty_cell_is_none(tmp_path):
    file = tmp_path / "universe.csv"
    file.write_text("asset,sector,attribute_beta,Attribute Duration\nAAPL,Tech,1.2,\nBND,,0.1,6.5\n")
    universe = read_universe(file)
    assert [dict(asset.attributes) for asset in universe.assets] == [{"beta": 1.2}, {"beta": 0.1, "duration": 6.5}]
    assert universe.attribute("duration").tolist() == [0.0, 6.5]


def test_an_exposure_that_is_no_number_is_named_by_row_and_column(tmp_path):
    file = tmp_path / "universe.csv"
    file.write_text("asset,attribute_beta\nAAPL,high\n")
    with pytest.raises(DataError, match="row 2, column attribute_beta: 'high'"):
        read_universe(file)
