"""A backtest's tables as other programs read them back: the same numbers, dates as dates, and no text that is a formula."""

from __future__ import annotations

import json
import zipfile
from datetime import date

import duckdb
import polars as pl
import pytest
from made_backtests import made_backtest

from portopt.domain.errors import InvalidValue
from portopt.reports.through_time.files import writing
from portopt.reports.through_time.files.tables import OF_BACKTEST as TABLES
from portopt.reports.through_time.files.writing import write_backtest_files

FORMULAS = ("=cmd|'/C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1")
NUMBERS = ("shares", "price", "value", "commission", "spread", "impact")


@pytest.fixture(scope="module")
def document() -> dict:
    return made_backtest()


@pytest.fixture(scope="module")
def folder(document, tmp_path_factory):
    place = tmp_path_factory.mktemp("files")
    write_backtest_files(document, place, ("csv", "parquet", "xlsx", "json"))
    return place


def test_every_table_is_written_in_every_format(folder):
    names = {table.name for table in TABLES}
    assert {path.stem for path in folder.glob("*.csv")} == names
    assert {path.stem for path in folder.glob("*.parquet")} == names
    assert (folder / "backtest.xlsx").exists()
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_the_json_read_back_is_the_document(document, folder):
    assert json.loads((folder / "backtest.json").read_text(encoding="utf-8")) == document


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_days_and_trades_read_back_are_the_document(document, folder, kind):
    read = pl.read_parquet if kind == "parquet" else lambda path: pl.read_csv(path, try_parse_dates=True)
    days, trades = read(folder / f"days.{kind}"), read(folder / f"trades.{kind}")

    assert days["date"].to_list() == [date.fromisoformat(day) for day in document["days"]["date"]]
    for name in ("net", "gross", "benchmark", "do_nothing", "equal_weight", "cash_weight", "drawdown"):
        assert days[name].to_list() == document["days"][name]
    assert trades["asset_id"].to_list() == [trade["asset_id"] for trade in document["trades"]]
    for name in NUMBERS:
        assert trades[name].to_list() == [trade[name] for trade in document["trades"]]


def test_weights_read_back_are_those_decided(document, folder):
    frame = pl.read_parquet(folder / "weights.parquet")
    decided = {row["date"]: row for row in document["rebalances"] if row["weights"]}
    assert frame.height == sum(len(row["weights"]) for row in decided.values())
    for day, asset, w, target in frame.iter_rows():
        assert decided[day.isoformat()]["weights"][asset] == w
        assert decided[day.isoformat()]["target"].get(asset) == target


def test_another_engine_reads_the_tables_and_finds_the_same_costs(document, folder):
    with duckdb.connect() as engine:
        paid = engine.execute(f"select sum(commission + spread + impact) from '{folder}/trades.parquet'").fetchone()[0]
        kinds = {row[0]: row[1] for row in engine.execute(f"describe from '{folder}/days.parquet'").fetchall()}
    assert paid == pytest.approx(document["costs"]["total"], abs=1e-6)
    assert kinds["date"] == "DATE"
    assert {kind for name, kind in kinds.items() if name != "date"} == {"DOUBLE"}


def test_the_workbook_read_back_is_the_document(document, folder):
    book = folder / "backtest.xlsx"
    days, trades = pl.read_excel(book, sheet_name="Days"), pl.read_excel(book, sheet_name="Trades")
    weights, findings = pl.read_excel(book, sheet_name="Weights"), pl.read_excel(book, sheet_name="Findings")

    assert days["Date"].to_list() == [date.fromisoformat(day) for day in document["days"]["date"]]
    assert days["Net"].to_list() == pytest.approx(document["days"]["net"], rel=1e-15)
    assert trades["Value"].to_list() == pytest.approx([trade["value"] for trade in document["trades"]], rel=1e-15)
    assert weights.height == sum(len(row["weights"]) for row in document["rebalances"] if row["weights"])
    assert findings["In words"].to_list() == [row["detail"] for row in document["data"]["findings"]]


def hostile(document: dict) -> dict:
    trades = [{**trade, "asset_id": FORMULAS[i % len(FORMULAS)]} for i, trade in enumerate(document["trades"])]
    happenings = [{**row, "sentence": FORMULAS[0]} for row in document["happenings"]]
    return {**document, "trades": trades, "happenings": happenings}


def test_no_text_becomes_a_formula(document, tmp_path):
    write_backtest_files(hostile(document), tmp_path, ("csv", "xlsx"))

    names = pl.read_csv(tmp_path / "trades.csv")["asset_id"].to_list()
    assert names == [f"'{FORMULAS[i % len(FORMULAS)]}" for i in range(len(names))]
    with zipfile.ZipFile(tmp_path / "backtest.xlsx") as book:
        sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) == len(TABLES)
    assert not any("<f>" in sheet or "<hyperlink" in sheet for sheet in sheets)


def test_the_same_document_gives_the_same_files(document, folder, tmp_path):
    reordered = json.loads(json.dumps(document, sort_keys=True))
    for path in write_backtest_files(reordered, tmp_path, ("csv", "parquet", "xlsx", "json")):
        assert path.read_bytes() == (folder / path.name).read_bytes(), path.name


def test_a_sheet_that_would_be_too_long_says_how_much_it_holds(document, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "SHEET_ROWS", 50)
    (book,) = write_backtest_files(document, tmp_path, ["xlsx"])
    sheets = pl.read_excel(book, sheet_id=0)
    assert sheets["Trades (first 50)"]["Shares"].to_list() == [trade["shares"] for trade in document["trades"][:50]]
    assert "Happenings" in sheets


def test_a_backtest_without_trades_or_findings_has_tables_without_rows(document, tmp_path):
    empty = {**document, "trades": [], "happenings": [], "unfilled": [], "rebalances": [], "assets": [], "monthly": []}
    write_backtest_files(empty, tmp_path)
    assert pl.read_parquet(tmp_path / "trades.parquet").schema["date"] == pl.Date
    assert pl.read_parquet(tmp_path / "trades.parquet").height == 0
    assert (tmp_path / "report.html").exists()


def test_a_format_that_there_is_not_is_refused_before_anything_is_written(document, tmp_path):
    with pytest.raises(InvalidValue, match="docx") as refused:
        write_backtest_files(document, tmp_path / "new", ("csv", "docx"))
    assert "choose among csv, parquet, xlsx, json, html" in str(refused.value.fixes)
    assert not (tmp_path / "new").exists()
