"""Factor returns out of files: the published layout line by line, people's own tables, the bundled sample."""

from __future__ import annotations

import gzip
import zipfile

import numpy as np
import polars as pl
import pytest

from portopt.adapters.providers.factor_files import factor_returns, factor_returns_for, read_factor_file
from portopt.domain.errors import DataError, FileNotReadable, InvalidValue, UnknownField

# The layout of the data library's three-factor file; the figures are those published for these months.
THREE = """This file was created by CMPT_ME_BEME_RETS using the 202412 CRSP database.
The 1-month TBill return is from Ibbotson and Associates, Inc.

,Mkt-RF,SMB,HML,RF
192607,    2.96,   -2.56,   -2.43,    0.22
192608,    2.64,   -1.17,    3.82,    0.25
192609,    0.36,   -1.40,    0.13,    0.23

 Annual Factors: January-December
,Mkt-RF,SMB,HML,RF
  1927,   29.47,   -2.04,   -4.54,    3.12
  1928,   35.39,    4.51,   -6.17,    3.56

Copyright 2024 Eugene F. Fama and Kenneth R. French
"""
FIVE = """This file was created by CMPT_ME_BEME_OP_INV_RETS using the 202412 CRSP database.

,Mkt-RF,SMB,HML,RMW,CMA,RF
196307,   -0.39,   -0.41,   -0.97,    0.68,   -1.18,    0.27
196308,    5.07,   -0.80,    1.80,    0.36,   -0.35,    0.25
196309,   -1.57,   -0.52,    0.13,   -0.71,    0.29,  -99.99
"""
DAILY = """This file was created using the 202412 CRSP database.

,Mkt-RF,SMB,HML,RF
19260701,    0.10,   -0.25,   -0.27,   0.009
19260702,    0.45,   -0.33,   -0.06,   0.009
19260706,  -999,      0.30,   -0.39,   0.009

Copyright 2024 Eugene F. Fama and Kenneth R. French
"""
BLANKS = """This file was created by CMPT_ME_BEME_RETS using the 201801 CRSP database.

         Mkt-RF     SMB     HML      RF
192607    2.96   -2.30   -2.87    0.22
192608    2.64   -1.40    4.19    0.25

 Annual Factors: January-December
         Mkt-RF     SMB     HML      RF
  1927   29.47   -2.46   -3.75    3.12
"""


def written(folder, text: str, name: str = "F-F_Research_Data_Factors.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_three_monthly_factors_as_published_are_fractions_at_the_months_end_net_of_the_bill(tmp_path):
    factors = factor_returns(f"file:{written(tmp_path, THREE)}")
    assert factors.names == ("Mkt-RF", "SMB", "HML")
    assert [str(d) for d in factors.dates] == ["1926-07-31", "1926-08-31", "1926-09-30"]
    np.testing.assert_allclose(factors.values[0], [0.0296, -0.0256, -0.0243], rtol=1e-15)
    np.testing.assert_allclose(factors.risk_free, [0.0022, 0.0025, 0.0023], rtol=1e-15)
    assert factors.excess
    assert factors.notes == (
        "monthly factors in percent",
        "This file was created by CMPT_ME_BEME_RETS using the 202412 CRSP database.",
    )


def test_the_annual_block_of_the_same_file(tmp_path):
    factors = factor_returns({"file": str(written(tmp_path, THREE)), "frequency": "annual"})
    assert [str(d) for d in factors.dates] == ["1927-12-31", "1928-12-31"]
    assert factors.values[0, 0] == pytest.approx(0.2947)
    assert factors.notes[1] == "Annual Factors: January-December"
    with pytest.raises(DataError, match="has no daily factors; it has: monthly, annual"):
        factor_returns({"file": str(written(tmp_path, THREE)), "frequency": "daily"})


def test_five_factors_with_a_missing_value_leave_its_row_out_and_say_so(tmp_path):
    factors = read_factor_file(written(tmp_path, FIVE))
    assert factors.names == ("Mkt-RF", "SMB", "HML", "RMW", "CMA")
    assert len(factors) == 2
    assert factors.notes[0] == "monthly factors in percent, 1 rows without a value left out"


def test_daily_files_have_days_and_only_the_factors_wanted_decide_what_is_missing(tmp_path):
    path = written(tmp_path, DAILY)
    assert [str(d) for d in read_factor_file(path).dates] == ["1926-07-01", "1926-07-02"]
    some = read_factor_file(path, ["HML", "SMB"])
    assert some.names == ("HML", "SMB")
    assert len(some) == 3
    assert some.risk_free is not None


def test_the_older_text_files_and_the_archives_are_read_too(tmp_path):
    blanks = read_factor_file(written(tmp_path, BLANKS, "F-F_Research_Data_Factors.txt"))
    np.testing.assert_allclose(blanks.values[1], [0.0264, -0.0140, 0.0419], rtol=1e-15)
    archive = tmp_path / "F-F_Research_Data_Factors_CSV.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("F-F_Research_Data_Factors.csv", THREE)
    np.testing.assert_array_equal(read_factor_file(archive).values, read_factor_file(written(tmp_path, THREE)).values)
    packed = tmp_path / "ff.csv.gz"
    packed.write_bytes(gzip.compress(THREE.encode()))
    assert len(read_factor_file(packed)) == 3


def test_a_second_table_under_the_first_ones_header_is_a_block_of_its_own(tmp_path):
    text = THREE.replace(" Annual Factors: January-December\n,Mkt-RF,SMB,HML,RF\n", " Annual Factors: January-December\n\n")
    assert len(read_factor_file(written(tmp_path, text), frequency="annual")) == 2
    assert len(read_factor_file(written(tmp_path, text))) == 3


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("192608,    2.64", "192608,    2.6x", r"line 6: '2\.6x' is no number \(Mkt-RF, 192608\)"),
        ("192608,    2.64,", "192608,", "line 6: 3 numbers stand under 4 names"),
        ("192608,", "192606,", "line 6: '192606' does not follow 192607"),
        ("192608,", "192613,", "line 6: '192613' is no day of the calendar"),
        ("192608,", "1926Q3,", "line 6: '1926Q3' is no date"),
        ("192608,", "19260801,", "line 6: '19260801' is no date of this table, which has dates like 192607"),
        ("   -1.17", " -117.00", r"line 6: '-117\.00' is no return in percent \(SMB, 192608\)"),
        ("   -1.17", "     nan", r"line 6: 'nan' is no return in percent"),
    ],
)
def test_a_row_that_is_no_row_is_told_by_line_and_value(tmp_path, old, new, said):
    with pytest.raises(DataError, match=said):
        read_factor_file(written(tmp_path, THREE.replace(old, new, 1)))


def test_a_factor_that_is_not_there_is_told_with_those_that_are(tmp_path):
    with pytest.raises(DataError, match="has no factor 'RMW'; it has: Mkt-RF, SMB, HML, RF"):
        read_factor_file(written(tmp_path, THREE), ["RMW"])


OWN = """date,MKT,VALUE,rf
2020-01-31,0.011,-0.002,0.001
2020-02-29,-0.08,0.01,0.001
2020-03-31,-0.12,,0.001
2020-04-30,0.127,-0.013,0.0005
"""


def test_a_table_of_ones_own_has_its_risk_free_column_apart_and_rows_with_holes_left_out(tmp_path):
    factors = factor_returns(f"file:{written(tmp_path, OWN, 'own.csv')}")
    assert factors.names == ("MKT", "VALUE")
    assert [str(d) for d in factors.dates] == ["2020-01-31", "2020-02-29", "2020-04-30"]
    np.testing.assert_allclose(factors.risk_free, [0.001, 0.001, 0.0005])
    assert not factors.excess
    np.testing.assert_allclose(factors.net()[0], [0.010, -0.003])
    assert factors.notes == ("1 rows without a value left out",)


def test_long_tables_parquet_percent_and_prices_say_the_same(tmp_path):
    wide = read_factor_file(written(tmp_path, OWN, "own.csv"), ["MKT"])
    rows = [line.split(",") for line in OWN.splitlines()[1:]]
    long = "Date,Factor,Return\n" + "".join(f"{r[0]},MKT,{r[1]}\n{r[0]},rf,{r[3]}\n" for r in rows)
    np.testing.assert_array_equal(read_factor_file(written(tmp_path, long, "long.csv")).values, wide.values)
    percent = pl.DataFrame({"month": [r[0][:7].replace("-", "") for r in rows], "MKT": [100 * float(r[1]) for r in rows]})
    percent.write_parquet(tmp_path / "own.parquet")
    again = read_factor_file(tmp_path / "own.parquet", unit="percent")
    np.testing.assert_array_equal(again.dates, wide.dates)
    np.testing.assert_allclose(again.values, wide.values, rtol=1e-15)
    levels = np.cumprod([100.0, *(1 + wide.values[:, 0])])
    prices = "date,MKT\n2019-12-31,100\n" + "".join(f"{r[0]},{p!r}\n" for r, p in zip(rows, levels[1:].tolist(), strict=True))
    np.testing.assert_allclose(
        read_factor_file(written(tmp_path, prices, "p.csv"), kind="prices").values, wide.values, rtol=1e-12
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OWN.replace("-0.08", "-8 %"), r"row 3: '-8 %' is a percentage \(MKT\)"),
        (OWN.replace("-0.08", "eight"), r"row 3: 'eight' is not a number \(MKT\)"),
        (OWN.replace("2020-02-29", "29th of Feb"), r"row 3: '29th of Feb' is no date"),
        (OWN.replace("2020-02-29", "2020-02-30"), r"row 3: '2020-02-30' is no day of the calendar"),
        ("Factors of our own\n\n" + OWN.replace("-0.08", "eight"), r"row 5: 'eight' is not a number"),
        (OWN.replace("2020", "20a0"), r"row 2: '20a0-01-31' is no date.*; the dates: 1 more cell without a day"),
        (OWN.replace("0.001", "x"), r"row 2: 'x' is not a number \(rf\)"),
        (
            OWN.replace("-0.08", "eight").replace("2020-03-31", "never"),
            r"row 4: 'never' is no date; row 3: 'eight' is not a number",
        ),
        (OWN.replace("2020-02-29", "2020-02").replace("0.127", "12.7"), r"row 3: '2020-02' is no date"),
        ("date,MKT\n202001,0.1\n202013,0.2\n000001,0.1\n", r"row 3: '202013' is no date; row 4: '000001' is no date"),
        ("date,MKT\n03/04/2020,0.1\n05/04/2020,0.2\n", r"may be 2020-04-03 or 2020-03-04"),
        (OWN.replace("2020-02-29", "2020-01-31"), "two rows for 2020-01-31"),
        (OWN.replace("0.127", "12.7"), "look like percent"),
        ("a,b\n1,2\n", "no date column"),
        ("date,rf\n2020-01-31,0.1\n", "a date column and no factor"),
    ],
)
def test_a_bad_table_is_told_by_row_and_value(tmp_path, text, said):
    with pytest.raises(DataError, match=said):
        read_factor_file(written(tmp_path, text, "own.csv"))


def test_a_table_of_factors_is_read_as_every_other_table_is(tmp_path):
    """Day first and decimal commas, as a spreadsheet elsewhere writes them: the same returns, and what was decided is said."""
    plain = read_factor_file(written(tmp_path, OWN, "own.csv"))
    rows = [line.split(",") for line in OWN.splitlines()]
    days = {row[0]: "/".join(reversed(row[0].split("-"))) for row in rows[1:]}
    text = "\n".join(";".join(days.get(cell, cell.replace(".", ",")) for cell in row) for row in rows) + "\n"
    there = read_factor_file(written(tmp_path, text, "there.csv"))
    np.testing.assert_array_equal(there.values, plain.values)
    np.testing.assert_array_equal(there.dates, plain.dates)
    np.testing.assert_array_equal(there.risk_free, plain.risk_free)
    assert "there.csv: the comma is the decimal mark of column MKT" in there.notes
    assert any(note.startswith("there.csv: the day comes first in its dates") for note in there.notes)


def test_files_that_are_not_there_or_not_factor_files_are_told(tmp_path):
    written(tmp_path, OWN, "own.csv")
    with pytest.raises(FileNotReadable) as missing:
        factor_returns(f"file:{tmp_path / 'owm.csv'}")
    assert missing.value.fixes == (f"use {tmp_path / 'own.csv'}",)
    with pytest.raises(FileNotReadable, match="neither a published factor file nor a table"):
        read_factor_file(written(tmp_path, "hello\n", "x.txt"))
    with pytest.raises(FileNotReadable, match="not a readable file"):
        read_factor_file(written(tmp_path, "hello\n", "x.zip"))
    with pytest.raises(FileNotReadable, match="are read from"):
        read_factor_file(written(tmp_path, "hello\n", "x.doc"))


def test_a_source_that_is_none_is_refused():
    with pytest.raises(InvalidValue, match='write "sample"|must be a name'):
        factor_returns(3)
    with pytest.raises(UnknownField, match="did you mean 'frequency'"):
        factor_returns({"file": "x.csv", "frequenzy": "daily"})
    with pytest.raises(InvalidValue, match="must be one of fraction, percent"):
        factor_returns({"file": "x.csv", "unit": "bps"})


def test_the_sample_has_five_funds_and_the_index_and_only_the_index_goes_far_back():
    everything = factor_returns("sample")
    assert everything.names == ("MTUM", "QUAL", "SIZE", "USMV", "VLUE", "SP500")
    assert str(everything.dates[0]) == "2014-01-03"
    assert str(everything.dates[-1]) == "2022-12-28"
    index = factor_returns("sample", ["SP500"])
    assert index.dates[0] < np.datetime64("1991-01-01")
    common = np.isin(index.dates, everything.dates)
    np.testing.assert_allclose(index.values[common][-100:, 0], everything.values[-100:, 5], rtol=1e-12)
    with pytest.raises(UnknownField, match="did you mean 'QUAL'"):
        factor_returns("sample", ["QUALI"])


def test_a_choice_is_read_only_where_its_method_needs_factor_returns():
    assert factor_returns_for({}) is None
    assert factor_returns_for({"method": "statistical"}) is None
    assert factor_returns_for({"method": "time_series"}) is None
    assert factor_returns_for({"source": "sample", "names": ["SP500"]}).names == ("SP500",)
