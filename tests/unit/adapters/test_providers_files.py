"""Prices out of files: every shape a desk keeps them in, and what is said about the others."""

from __future__ import annotations

import gzip
from datetime import date, datetime

import polars as pl
import pytest

from portopt.adapters.providers.files import FileProvider
from portopt.adapters.providers.reading import read_table
from portopt.domain.errors import DataError, FileNotReadable
from portopt.domain.market import MarketQuery
from portopt.domain.request import DataPolicy
from portopt.market import open_snapshot

LONG = "Symbol,Date,Close,Volume\nAAA,2024-01-02,10.5,100\nBBB,2024-01-02,20,\nAAA,2024-01-03,11,300\nBBB,2024-01-03,,400\n"
WIDE = "Date,AAA,BBB\n2024-01-02,10.5,20\n2024-01-03,11,\n"
EXPECTED = [("AAA", date(2024, 1, 2), 10.5), ("AAA", date(2024, 1, 3), 11.0), ("BBB", date(2024, 1, 2), 20.0)]


def read(path, **options) -> list[tuple]:
    table = FileProvider(path, **options).prices(MarketQuery())
    assert table.schema["close"] == pl.Float64
    assert table.schema["date"] == pl.Date
    return sorted(table.select("asset_id", "date", "close").rows())


def written(tmp_path, name: str, content: str | bytes):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        WIDE,
        LONG.replace("Symbol", "TICKER").replace("Close", "Adj Close"),
        LONG.replace("Symbol,Date,Close", " asset_id , TimeStamp , price "),
        LONG.replace("2024-01-02", "2024-01-02 21:00:00").replace("2024-01-03", "2024-01-03T21:00:00Z"),
        WIDE.replace("Date", ""),
        WIDE.replace("2024-01-0", "2024010"),
        WIDE.replace(",", ";").replace("10.5", "10,5"),
        WIDE.replace("10.5", "$10.50").replace("Date", "sep=,\nDate"),
        "Prices of two assets\n\n" + WIDE.replace("\n2", ",\n2").replace("BBB", "BBB,") + "Source: a friend\n",
        LONG.replace(",,", ",N/A,"),
    ],
)
def test_long_and_wide_csv_mean_the_same_rows(tmp_path, text):
    assert read(written(tmp_path, "p.csv", text)) == EXPECTED


def test_gzipped_csv_and_parquet_long_and_wide(tmp_path):
    assert read(written(tmp_path, "p.csv.gz", gzip.compress(LONG.encode()))) == EXPECTED
    long = pl.DataFrame(EXPECTED, schema=["asset", "date", "close"], orient="row")
    long.write_parquet(tmp_path / "long.parquet")
    assert read(tmp_path / "long.parquet") == EXPECTED
    wide = pl.DataFrame(
        {"timestamp": [datetime(2024, 1, 2, 21), datetime(2024, 1, 3, 21)], "AAA": [10.5, 11], "BBB": [20, None]}
    )
    wide.write_parquet(tmp_path / "wide.parquet")
    assert read(tmp_path / "wide.parquet") == EXPECTED


def test_a_volume_column_comes_along(tmp_path):
    table = FileProvider(written(tmp_path, "p.csv", LONG)).prices(MarketQuery())
    assert table.filter(pl.col("asset_id") == "AAA")["volume"].to_list() == [100.0, 300.0]


def test_a_folder_is_read_file_under_file_and_a_file_without_names_is_one_asset(tmp_path):
    written(tmp_path, "AAA.csv", "Date,Open,Close\n2024-01-02,1,10.5\n2024-01-03,1,11\n")
    written(tmp_path, "BBB.csv.gz", gzip.compress(b"Date,Close\n2024-01-02,20\n"))
    written(tmp_path, "notes.txt", "not prices")
    assert read(tmp_path) == EXPECTED
    assert FileProvider(tmp_path).source == f"folder {tmp_path.name} (2 files)"


def test_the_adjustment_is_what_the_columns_say_unless_told(tmp_path):
    plain, adjusted = written(tmp_path, "a.csv", LONG), written(tmp_path, "b.csv", LONG.replace("Close", "adj_close"))
    assert FileProvider(plain).adjustment == "unknown"
    assert FileProvider(adjusted).adjustment == "adjusted"
    assert FileProvider(plain, adjustment="raw").adjustment == "raw"


def test_adjusted_closes_win_over_closes_where_both_stand(tmp_path):
    text = "symbol,date,close,adj_close\nAAA,2024-01-02,10,5\n"
    assert read(written(tmp_path, "p.csv", text)) == [("AAA", date(2024, 1, 2), 5.0)]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("symbol,open\nAAA,1\n", r"no date column .*; columns found: 'symbol', 'open'"),
        ("symbol,date,open\nAAA,2024-01-02,1\n", r"no price column .*; columns found: 'symbol', 'date', 'open'"),
        ("date\n2024-01-02\n", "a date column and nothing else"),
        (LONG.replace("10.5", "ten"), "1 value is not a number: AAA on 2024-01-02: 'ten'"),
        (WIDE.replace("10.5", "1 00"), r"AAA on 2024-01-02: '1 00' \(row 2\)"),
        (LONG.replace("2024-01-03", "01/03/2024"), r"the date '01/03/2024' \(row 4\) may be 2024-03-01 or 2024-01-03"),
        (LONG.replace("2024-01-03", "tomorrow"), "not dates: 'tomorrow'"),
    ],
)
def test_what_cannot_be_recognised_is_said_with_what_was_found(tmp_path, text, match):
    with pytest.raises(DataError, match=match):
        read(written(tmp_path, "p.csv", text))


def test_a_parquet_column_that_holds_no_prices_is_named(tmp_path):
    pl.DataFrame({"date": [date(2024, 1, 2)], "AAA": [1.0], "flag": [True]}).write_parquet(tmp_path / "p.parquet")
    with pytest.raises(DataError, match="columns that hold no prices: flag"):
        read(tmp_path / "p.parquet")


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("p.parquet", b"not parquet", r"not a readable \.parquet file|no column names"),
        ("p.csv.gz", b"not gzip", "gzip"),
        ("p.csv", b"", "no column names"),
        ("p.pdf", b"x", "prices are read from"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_named(tmp_path, name, content, match):
    with pytest.raises(FileNotReadable, match=match) as caught:
        read(written(tmp_path, name, content))
    assert name in str(caught.value)


def test_missing_paths_and_empty_folders_are_named(tmp_path):
    with pytest.raises(FileNotReadable, match="there is no such file or folder") as caught:
        FileProvider(tmp_path / "nowhere")
    assert caught.value.fixes == ("check the path",)
    written(tmp_path, "a.txt", "x")
    with pytest.raises(FileNotReadable, match=r"it holds a\.txt"):
        FileProvider(tmp_path)


def test_a_missing_file_is_answered_with_the_like_named_one_of_its_folder(tmp_path):
    there = written(tmp_path, "prices.csv", WIDE)
    written(tmp_path, "prices.txt", WIDE)
    for name in ("price.csv", "prices.parquet", "prcies.csv"):
        with pytest.raises(FileNotReadable) as caught:
            FileProvider(tmp_path / name)
        assert caught.value.fixes == (f"use {there}",)
    with pytest.raises(FileNotReadable) as caught:
        read_table(tmp_path / "price.csv")
    assert caught.value.fixes == (f"use {there}",)
    with pytest.raises(FileNotReadable) as caught:
        FileProvider(tmp_path / "no_such_folder" / "prices.csv")
    assert caught.value.fixes == ("check the path",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("NaN", "AAA has the price NaN on 2024-01-02"),
        ("nan", "AAA has the price NaN on 2024-01-02"),
        ("inf", "AAA has the price infinite on 2024-01-02"),
        ("-Infinity", "AAA has the price infinite on 2024-01-02"),
    ],
)
@pytest.mark.parametrize("table", [LONG, WIDE], ids=["long", "wide"])
def test_text_that_says_it_is_no_number_is_refused_by_asset_and_day(tmp_path, table, text, said):
    provider = FileProvider(written(tmp_path, "p.csv", table.replace("10.5", text)))
    rows = provider.prices(MarketQuery())
    with pytest.raises(DataError, match=said) as caught:
        open_snapshot(rows, source=provider.source, adjustment="raw", policy=DataPolicy(), query=MarketQuery())
    assert "p.csv" in caught.value.detail


def test_more_content_than_allowed_is_refused_before_it_fills_the_memory(tmp_path):
    plain = written(tmp_path, "p.csv", LONG)
    with pytest.raises(DataError, match="at most 20 are read"):
        read(plain, max_bytes=20)
    bomb = written(tmp_path, "p.csv.gz", gzip.compress(b"symbol,date,close\n" + b"A,2024-01-02,1\n" * 100_000))
    assert bomb.stat().st_size < 20_000
    with pytest.raises(DataError, match="at most 100,000 are read"):
        read(bomb, max_bytes=100_000)
    pl.DataFrame({"date": [date(2024, 1, 2)] * 50_000, "A": [1.0] * 50_000}).write_parquet(tmp_path / "p.parquet")
    assert (tmp_path / "p.parquet").stat().st_size < 100_000
    with pytest.raises(DataError, match="holds at least 800,000 bytes"):
        read(tmp_path / "p.parquet", max_bytes=100_000)
