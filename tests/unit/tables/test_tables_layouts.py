"""Price files of the trade: titles, totals, two rows of names, columns that are no asset. All of it used, listed or refused."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from portopt.adapters.providers.files import FileProvider
from portopt.adapters.providers.holdings_files import read_holdings
from portopt.domain.errors import DataError, FileNotReadable, PortoptError
from portopt.domain.market import MarketQuery

A, B = [("AAA", 1.5), ("AAA", 1.6)], [("BBB", 2.0), ("BBB", 2.1)]


def provider(tmp_path: Path, content: str | bytes, name: str = "p.csv") -> FileProvider:
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return FileProvider(tmp_path / name)


def read(tmp_path: Path, content: str | bytes) -> tuple[list[tuple[str, float]], str]:
    found = provider(tmp_path, content)
    return found.prices(MarketQuery()).sort("asset_id", "date").select("asset_id", "close").rows(), " | ".join(found.notes)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Date,AAA,BBB\n2024-01-02,1.5,2\n2024-01-03,1.6,2.1\n", ""),
        ("Date;AAA;BBB;\n2024-01-02;1,5;2;\n2024-01-03;1,6;2,1;\n", "the comma is the decimal mark"),
        ("sep=;\nDate;AAA;BBB\n02.01.24;1,5;2\n03.01.24;1,6;2,1\n", "years of two digits"),
        ("Date\tAAA\tBBB\r\n2024-01-02\t1.5\t2\r\n2024-01-03\t1.6\t2.1\r\n", ""),
        ("Date|AAA|BBB\r2024-01-02|1.5|2\r2024-01-03|1.6|2.1\r", ""),
        ('"Date","AAA","BBB"\n"2024-01-02","1.5","2"\n"2024-01-03","1.6","2.1"\n', ""),
        ("Prices, closing\n\nDate,AAA,BBB\n2024-01-02,1.5,2\n2024-01-03,1.6,2.1\n", "row 1 ('Prices closing') stands above"),
        ("Date,AAA,BBB\n2024-01-02,1.5,2\n2024-01-03,1.6,2.1\nSource: a friend\n", "row 4 ('Source: a friend') below the"),
        (",Date,AAA,BBB\n0,2024-01-02,1.5,2\n1,2024-01-03,1.6,2.1\n", "column '' counts rows or years"),
        ("Date,Year,AAA,BBB\n2024-01-02,2024,1.5,2\n2024-01-03,2024,1.6,2.1\n", "column 'Year' counts rows or years"),
        ("Datum;AAA;BBB\n2024-01-02;1,5;2\n2024-01-03;1,6;2,1\n", "column 'Datum' holds dates, and was taken for the date"),
        ("Date,AAA,BBB,CCC\n2024-01-02,1.5,2,\n2024-01-03,1.6,2.1,\n", "CCC has no price in any row"),
        ("Date,AAA,BBB\n2024-01-02,1.5,2\n2024-01-03,\u00a01.6,2.1\u200b\n", "the first in row 3"),
        ("Date,AAA,BBB\n2024-01-02,$1.50,$2\n2024-01-03,$1.60,$2.10\n", "the sign $ was left off its prices"),
        ("Date,AAA,BBB\n2024-01-02,1.5,2\nDate,AAA,BBB\n2024-01-03,1.6,2.1\n", "row 3 repeats the names of the columns"),
        ("symbol,date,close,open\nAAA,2024-01-02,1.5,9\nBBB,2024-01-02,2,9\nAAA,2024-01-03,1.6,9\nBBB,2024-01-03,2.1,9\n",
         "column 'open' was not read"),
        ("Price,Close,Close,Volume,Volume\nTicker,AAA,BBB,AAA,BBB\nDate,,,,\n2024-01-02,1.5,2,7,7\n2024-01-03,1.6,2.1,7,7\n",
         "prices are those under 'Close'"),
        ("Ticker,AAA,AAA,BBB,BBB\nPrice,Open,Close,Open,Close\nDate,,,,\n2024-01-02,9,1.5,9,2\n2024-01-03,9,1.6,9,2.1\n",
         "prices are those under 'Close'; 'Open' not read"),
        (",Adj Close,Adj Close,Close,Close\n,AAA,BBB,AAA,BBB\nDate,,,,\n2024-01-02,1.5,2,9,9\n2024-01-03,1.6,2.1,9,9\n",
         "prices are those under 'Adj Close'; 'Close' not read"),
        ("Date,Close,Close\n,AAA,BBB\n2024-01-02,1.5,2\n2024-01-03,1.6,2.1\n", "prices are those under 'Close'"),
        (",AAA,BBB\nDate,PX_LAST,PX_LAST\n2024-01-02,1.5,2\n2024-01-03,1.6,2.1\n", "prices are those under 'PX_LAST'"),
        (",Close,,Volume,\nDate,AAA,BBB,AAA,BBB\n2024-01-02,1.5,2,7,7\n2024-01-03,1.6,2.1,7,7\n", "those under 'Close'"),
        ("ticker,date,close,ccy\nAAA,2024-01-02,1.5,EUR\nBBB,2024-01-02,2,EUR\nAAA,2024-01-03,1.6,EUR\nBBB,2024-01-03,2.1,\n",
         "its prices are in EUR"),
    ],
)  # fmt: skip
def test_the_same_four_prices_come_out_of_every_layout(tmp_path, text, told):
    rows, notes = read(tmp_path, text)
    assert rows == A + B
    assert told in notes
    assert bool(told) == bool(notes)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_other_encodings_of_unicode_are_read_and_said(tmp_path, encoding):
    rows, notes = read(tmp_path, "Date,AAA,BBB\n2024-01-02,1.5,2\n2024-01-03,1.6,2.1\n".encode(encoding))
    assert rows == A + B
    assert ("UTF-16" in notes) == encoding.startswith("utf-16")


@pytest.mark.parametrize(
    ("text", "prices"),
    [
        ('"Date","Price","Open","High","Low","Vol.","Change %"\n"Mar 26, 2024","1,234.50","1,230.00","1,240","1,220","1.2M",'
         '"0.45%"\n"Mar 25, 2024","1,224.50","1,230.00","1,240.00","1,220.00","1.3M","-0.45%"\n', [1224.5, 1234.5]),
        ("Date,Close/Last,Volume,Open,High,Low\n03/26/2024,$169.71,57388450,$170.00,$171.42,$169.58\n03/25/2024,$170.85,5428,$1,$2,$1\n",
         [170.85, 169.71]),
        ("Date,Open,High,Low,Close,Adj Close,Volume\n2024-03-25,1,2,1,2,1.9,100\n2024-03-26,null,null,null,null,,\n", [1.9]),
        ('date,close,volume\n2024-01-02,1.5,"123,456"\n2024-01-03,2,"99,456"\n', [1.5, 2.0]),
    ],
)  # fmt: skip
def test_the_quotes_of_one_asset_as_websites_write_them_are_its_prices(tmp_path, text, prices):
    rows, _ = read(tmp_path, text)
    assert rows == [("p", price) for price in prices]


@pytest.mark.parametrize(
    "text",
    [
        "ticker,date,close,adj close\nAAA,2024-01-02,3,1.5\nAAA,2024-01-03,3.2,1.6\n"
        "BBB,2024-01-02,2,2\nBBB,2024-01-03,2.1,2.1\n",
        ",Close,Close,Adj Close,Adj Close\n,AAA,BBB,AAA,BBB\nDate,,,,\n2024-01-02,3,2,1.5,2\n2024-01-03,3.2,2.1,1.6,2.1\n",
    ],
)
def test_an_adjusted_close_that_is_not_todays_close_is_noted_as_what_holdings_are_valued_at(tmp_path, text):
    rows, notes = read(tmp_path, text)
    assert rows == A + B
    assert "which are not its closes: AAA at 1.6 and not 3.2; prices that end" in notes
    assert "BBB at" not in notes


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (
            "2024-03-19 2024-03-20 2024-03-21 2024-03-22 2025-03-25",
            "from 2024-03-22 to 2025-03-25 (368 days), and one every 1 day",
        ),
        ("2024-03-19 2024-03-20 2024-03-21 2024-03-22 2024-04-15", ""),
        ("2023-03-31 2023-06-30 2023-09-30 2024-06-30 2024-09-30", ""),
    ],
)
def test_one_date_of_another_year_is_noted_and_a_holiday_or_a_missing_quarter_is_not(tmp_path, days, told):
    notes = read(tmp_path, "Date,AAA\n" + "".join(f"{day},{10 + i}\n" for i, day in enumerate(days.split())))[1]
    assert told in notes
    assert bool(told) == bool(notes)


def test_gross_returns_in_a_price_file_are_noted_and_prices_near_one_are_not(tmp_path):
    gross = 1 + np.random.default_rng(1).normal(0, 0.01, 30)
    for values, told in ((gross, True), (np.cumprod(gross), False)):
        text = "Date,AAA\n" + "".join(f"2024-01-{t + 1:02d},{value:.6f}\n" for t, value in enumerate(values))
        assert ("are they returns (1 + r)?" in read(tmp_path, text)[1]) is told


def test_two_rows_of_names_with_adjusted_closes_are_adjusted_prices(tmp_path):
    text = ",Adj Close,Close\n,AAA,AAA\nDate,,\n2024-01-02,1,9\n"
    assert provider(tmp_path, text).adjustment == "adjusted"


@pytest.mark.parametrize("ticker", ["NA", "TRUE", "DAY", "0700", "OPEN", "LOW", "ALL", "NULL", "1"])
def test_a_ticker_is_what_the_source_says_it_is(tmp_path, ticker):
    wide = f"Date,{ticker},AAA\n2024-01-02,1.5,2\n2024-01-03,1.6,2.1\n"
    long = f"ticker,date,close\n{ticker},2024-01-02,1.5\nAAA,2024-01-02,2\n"
    for text in (wide, long):
        assert {name for name, _ in read(tmp_path, text)[0]} == {ticker, "AAA"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Date,AAA,BBB,AAA\n2024-01-02,1,2,3\n", "AAA stands in columns 2 and 4"),
        ("Date,AAA,BBB, AAA \n2024-01-02,1,2,3\n", "AAA stands in columns 2 and 4"),
        ("Date,AAA,Weekday\n2024-01-02,1,Tue\n2024-01-03,1,Wed\n", "column 'Weekday' holds no number from top to bottom"),
        ("Date,AAA,Settled\n2024-01-02,1,2024-01-04\n2024-01-03,1,2024-01-05\n", "column 'Settled' holds no number"),
        ("Date,Time,AAA\n2024-01-02,16:00,1\n2024-01-03,16:00,1\n", "column 'Time' holds no number"),
        ("Date,AAA,Date,BBB\n2024-01-02,1,2024-01-03,2\n2024-01-03,1,2024-01-04,2\n", "whether both are of the same days"),
        ("Date,AAA,AAA.1\n2024-01-02,1,2\n", "AAA.1 stands beside AAA: a second column of AAA"),
        ("2024-01-02,1,2\n2024-01-03,1,2\n", "its first row holds values where the names of the columns belong"),
        ("Date,AAA,BBB\n2024-01-02,1,5,2,5\n", r"row 2: 5 cells under 3 columns"),
        ("Date,AAA,\n2024-01-02,1,\n2024-01-03,2,x\n", "column 3 has no name, and row 3 holds 'x'"),
        ("Date,AAA\n,1\n2024-01-03,2\n", "row 2: prices without a date"),
        ("date,symbol,close\n2024-01-02,,1\n2024-01-03,A,2\n", "1 price without an asset, the first in row 2"),
        ("Date,PRICE,AAA\n2024-01-02,1,2\n", "prices of one asset by 'PRICE', or of several with 'AAA' among them"),
        ("Date,AAA\n", "holds no price: not one row below the names"),
        ("Date,AAA\n2024-01-02,\n", "holds no price: every cell is empty"),
        ("Date;AAA\n2024-01-02;1.234\n", r"AAA on 2024-01-02: '1.234' \(row 2\) may be 1234 or 1.234"),
        ("Date,AAA\n2024-01-02,1.5\n2024-01-03,\"1,5\"\n", "'1.5' .* has a decimal point, '1,5' in the same column"),
    ],
)  # fmt: skip
def test_what_could_mean_two_things_is_refused_by_its_place_with_a_fix(tmp_path, text, said):
    with pytest.raises(DataError, match=said) as caught:
        provider(tmp_path, text).prices(MarketQuery())
    assert caught.value.fixes


def test_all_that_is_wrong_with_a_file_is_told_at_once(tmp_path):
    text = "Date,AAA,BBB,AAA\n2024-01-02,1,two,3\nyesterday,1,2,3\n2024-01-04,1,2,3,4\n"
    with pytest.raises(DataError) as caught:
        provider(tmp_path, text).prices(MarketQuery())
    for said in ("columns 2 and 4", "'two' (row 2)", "'yesterday' (row 3)", "row 4: 5 cells under 4"):
        assert said in caught.value.detail
    assert caught.value.measured["count"] == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Société,AAA\n2024-01-02,1\n".encode("cp1252"), "row 1 holds the byte 0xE9"),
        (b"Date,AAA\n2024-01-02,1\x00\n2024-01-03,2\n2024-01-04,2\n", "row 2: holds NUL characters"),
        ('Date,"AAA\n2024-01-02,1\n', "row 1: a quote is opened and never closed"),
        ('Date,AAA\n2024-01-02,"1\n2024-01-03,2\n', "row 2: a quote is opened and never closed"),
        ("Date,AAA\n".encode("utf-32"), "NUL|not UTF-8|no price"),
        (b"Date,AAA\n" + b"x" * 200_000 + b"\n", "row 2: a cell of more than 131,072 characters"),
        (gzip.compress(b"Date,AAA\n2024-01-02,1\n", mtime=0), "is a gzip archive"),
        (b"PK\x03\x04rest", "is a workbook or a zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an old workbook"),
        (b"\n <!DOCTYPE html><html><body>Sign in</body></html>", "is a web page"),
    ],
)
def test_text_that_cannot_be_read_is_named_by_row(tmp_path, content, said):
    with pytest.raises((FileNotReadable, DataError), match=said) as caught:
        provider(tmp_path, content).prices(MarketQuery())
    assert caught.value.fixes


def test_a_pipe_that_nobody_writes_to_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "p.csv")
    for read in (lambda path: FileProvider(path).prices(MarketQuery()), read_holdings):
        with pytest.raises(FileNotReadable, match="is no file but a pipe or a device"):
            read(tmp_path / "p.csv")


def test_the_row_named_is_the_line_of_the_file_below_titles_blank_lines_and_cells_of_two_lines(tmp_path):
    text = 'A title\n\n"Da\nte",ticker,close\n'
    text = 'A title\n\nticker,date,close,note\n\nAAA,2024-01-02,1,"two\nlines"\nBBB,2024-01-02,ten,\n'
    with pytest.raises(PortoptError, match=r"'ten' \(row 7\)"):
        provider(tmp_path, text).prices(MarketQuery())


def test_wide_tables_are_read_in_one_piece_however_wide(tmp_path):
    names = [f"S{i}" for i in range(3000)]
    lines = [",".join(["Date", *names]), *(",".join([f"2024-01-{d:02d}", *["1.5"] * 3000]) for d in (2, 3))]
    rows, _ = read(tmp_path, "\n".join(lines))
    assert len(rows) == 6000
