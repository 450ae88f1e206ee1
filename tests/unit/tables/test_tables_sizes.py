"""What is too large is refused before it is unpacked; workbooks are read as they are."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from portopt.adapters.providers.files import FileProvider
from portopt.adapters.providers.holdings_files import read_holdings
from portopt.domain.errors import DataError, FileNotReadable
from portopt.domain.market import MarketQuery
from portopt.tables.damage import whole
from portopt.tables.sizes import RATIO, ROOM, allowance


def workbook(path: Path, *cells: tuple[int, int, Any], sheets: tuple[str, ...] = ("Sheet1",)) -> Path:
    book = xlsxwriter.Workbook(path)
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    first = next(sheet for sheet in [book.add_worksheet(name) for name in sheets])
    for row, column, value in cells:
        if isinstance(value, datetime):
            first.write_datetime(row, column, value, day)
        elif value is None:
            first.write_blank(row, column, None, day)
        else:
            first.write(row, column, value)
    book.close()
    return path


BOOK = ((0, 0, "asset"), (0, 1, "shares"), (1, 0, "A"), (1, 1, 1.234))


def test_one_stray_far_cell_is_named_and_not_unfolded(tmp_path):
    path = workbook(tmp_path / "b.xlsx", *BOOK, (1048575, 16383, "x"))
    for reader in (read_holdings, lambda p: FileProvider(p).prices(MarketQuery())):
        with pytest.raises(DataError, match="reach to column XFD and row 1,048,576: 17,179,869,184 cells") as caught:
            reader(path)
        assert "Ctrl" in caught.value.fixes[0]


def test_a_far_cell_that_is_only_formatted_makes_no_table_larger(tmp_path):
    holdings, _ = read_holdings(workbook(tmp_path / "b.xlsx", *BOOK, (1048575, 16383, None)))
    assert holdings.shares == {"A": Decimal("1.234")}


@pytest.mark.parametrize("cover", [(), ((0, 0, "Prepared for a client"),), ((0, 1, "A logo"), (5, 0, "Disclaimer"))])
def test_the_sheet_that_names_columns_is_read_and_a_cover_before_it_listed(tmp_path, cover):
    book = xlsxwriter.Workbook(tmp_path / "b.xlsx")
    first, second = book.add_worksheet("Cover"), book.add_worksheet("Positions")
    for sheet, cells in ((first, cover), (second, BOOK)):
        for row, column, value in cells:
            sheet.write(row, column, value)
    book.close()
    notes: list[str] = []
    holdings, _ = read_holdings(tmp_path / "b.xlsx", notes=notes)
    assert holdings.shares == {"A": Decimal("1.234")}
    assert "b.xlsx: the sheet 'Positions' was read; 'Cover' not" in notes


def test_rows_are_those_of_the_sheet_and_other_sheets_are_listed(tmp_path):
    cells = ((2, 1, "My positions"), (4, 1, "asset"), (4, 2, "shares"), (5, 1, "A"), (5, 2, 7), (6, 1, "B"), (6, 2, "x"))
    with pytest.raises(DataError, match="row 7, column shares: 'x' is not a number"):
        read_holdings(workbook(tmp_path / "b.xlsx", *cells))
    notes: list[str] = []
    holdings, _ = read_holdings(workbook(tmp_path / "b.xlsx", *cells[:-2], sheets=("Mine", "Theirs")), notes=notes)
    assert holdings.shares == {"A": Decimal(7)}
    assert any("the sheet 'Mine' was read; 'Theirs' not" in note for note in notes)
    assert any("row 3 ('My positions') stands above" in note for note in notes)


def test_a_first_sheet_without_anything_is_passed_over(tmp_path):
    book = xlsxwriter.Workbook(tmp_path / "b.xlsx")
    book.add_worksheet("Cover")
    second = book.add_worksheet("Book")
    for row, column, value in BOOK:
        second.write(row, column, value)
    book.close()
    notes: list[str] = []
    assert read_holdings(tmp_path / "b.xlsx", notes=notes)[0].shares == {"A": Decimal("1.234")}
    assert any("the sheet 'Book' was read; 'Cover' not" in note for note in notes)


def test_dates_and_numbers_of_cells_are_themselves_and_text_in_them_is_asked(tmp_path):
    cells = [
        (0, 0, "Date"),
        (0, 1, "A"),
        (1, 0, datetime(2024, 3, 4)),
        (1, 1, 1.234),
        (2, 0, datetime(2024, 3, 5)),
        (2, 1, "n/a"),
    ]
    table = FileProvider(workbook(tmp_path / "p.xlsx", *cells)).prices(MarketQuery())
    assert table.rows() == [("A", date(2024, 3, 4), 1.234)]
    with pytest.raises(DataError, match=r"'1\.234' \(row 2\) may be 1234 or 1\.234"):
        FileProvider(workbook(tmp_path / "q.xlsx", *cells[:-1], (2, 1, "1.500"))).prices(MarketQuery())


def test_a_small_parquet_file_that_unpacks_to_very_much_is_refused(tmp_path):
    n = 8_000_000
    frame = pl.select(asset_id=pl.repeat("A", n), date=pl.repeat(date(2024, 1, 2), n), close=pl.repeat(1.0, n))
    frame.write_parquet(tmp_path / "p.parquet")
    assert (tmp_path / "p.parquet").stat().st_size < 200_000
    with pytest.raises(DataError, match="holds at least 256,000,000 bytes; at most 134,217,728 are read"):
        FileProvider(tmp_path / "p.parquet").prices(MarketQuery())


def test_what_a_file_may_unpack_to_grows_with_it():
    assert allowance(1000, 1 << 30) == ROOM
    assert allowance(5 << 20, 1 << 30) == RATIO * (5 << 20)
    assert allowance(1 << 30, 1 << 30) == 1 << 30


def test_columns_of_lists_are_refused_before_they_are_read(tmp_path):
    pl.DataFrame({"date": [date(2024, 1, 2)], "A": [[1.0]]}).write_parquet(tmp_path / "p.parquet")
    with pytest.raises(DataError, match="but lists or bytes: A"):
        FileProvider(tmp_path / "p.parquet").prices(MarketQuery())


@pytest.mark.parametrize("cut", [10, 200, 2000])
def test_a_cut_workbook_or_archive_is_named(tmp_path, cut):
    whole = workbook(tmp_path / "w.xlsx", *BOOK).read_bytes()
    (tmp_path / "b.xlsx").write_bytes(whole[:cut])
    with pytest.raises(FileNotReadable, match=r"not a readable \.xlsx file"):
        read_holdings(tmp_path / "b.xlsx")
    packed = gzip.compress(b"Date,A\n" + b"2024-01-02,1\n" * 3000, mtime=0)
    (tmp_path / "p.csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(FileNotReadable, match="not a readable gzip file"):
        FileProvider(tmp_path / "p.csv.gz").prices(MarketQuery())


class PanicException(BaseException):
    """As the libraries in Rust raise it."""


@pytest.mark.parametrize("damage", [PanicException("unwrap on None"), pl.exceptions.ComputeError("bad page")])
def test_whatever_a_library_raises_of_damage_names_the_file(damage):
    refused = pytest.raises(FileNotReadable, match=r"p\.parquet: not a readable \.parquet file")
    with refused as caught, whole("p.parquet", ".parquet", (pl.exceptions.PolarsError,), "write it again"):
        raise damage
    assert caught.value.fixes == ("write it again",)


@pytest.mark.parametrize("other", [KeyboardInterrupt(), DataError("said already"), ZeroDivisionError()])
def test_no_other_error_is_taken_for_damage(other):
    with pytest.raises(type(other)), whole("p.parquet", ".parquet", (pl.exceptions.PolarsError,), "write it again"):
        raise other


def test_a_workbook_whose_parts_unpack_to_very_much_is_refused(tmp_path):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", '<sheet name="a" r:id="r1"/>')
        archive.writestr("xl/_rels/workbook.xml.rels", '<Relationship Id="r1" Target="worksheets/sheet1.xml"/>')
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (130 << 20))
    (tmp_path / "b.xlsx").write_bytes(content.getvalue())
    with pytest.raises(DataError, match="at most 134,217,728 are read"):
        read_holdings(tmp_path / "b.xlsx")
