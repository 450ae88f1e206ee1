"""Dates as the world writes them: the column says whether the day or the month comes first, or the reader is asked."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from portopt.tables.dates import days_of


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["2024-03-05", "2024/3/6", "20240307"], [5, 6, 7]),
        (["2024-03-05T21:00:00Z", "2024-03-06 09:30"], [5, 6]),
        (["05/03/2024", "13/03/2024"], [5, 13]),
        (["03/05/2024", "03/13/2024"], [5, 13]),
        (["05-03-2024", "13-03-2024"], [5, 13]),
        (["05.03.2024", "06.03.2024"], [5, 6]),
        (["05.03.24", "06.03.24"], [5, 6]),
        (["5-Mar-2024", "6-Mar-24"], [5, 6]),
        (["Mar 5, 2024", "March 6, 2024"], [5, 6]),
        (["03/03/2024", "03/03/2024"], [3, 3]),
        (["05/03/2024 16:00", "13/03/2024 16:00"], [5, 13]),
        ([" 2024-03-05 ", None], [5, None]),
    ],
)
def test_a_column_of_one_style_or_several_is_read(cells, days):
    found = days_of(pl.Series(cells))
    assert not found.wrong
    assert found.days.to_list() == [None if day is None else date(2024, 3, day) for day in days]


def test_the_date_that_decides_is_noted():
    assert days_of(pl.Series(["05/03/2024", "13/03/2024"])).note == "the day comes first in its dates, as 13/03/2024 says"
    assert days_of(pl.Series(["03/05/2024", "03/13/2024"])).note == "the month comes first in its dates, as 03/13/2024 says"


@pytest.mark.parametrize(
    ("cells", "position", "why"),
    [
        (["05/03/2024", "06/03/2024"], 0, "may be 2024-03-05 or 2024-05-03"),
        (["13/03/2024", "03/13/2024"], 1, "can only have the month first, '13/03/2024' of the same column only the day"),
        (["2024-03-05", "tomorrow"], 1, "is no date"),
        (["13/03/2024", "45/03/2024"], 1, "is no day of the calendar"),
        (["03/13/2024", "03/00/2024"], 1, "is no day of the calendar"),
        (["2024-03-05", "2024-02-30"], 1, "is no day of the calendar"),
        (["2024-03-05", "0204-03-06"], 1, "is of the year 204: a slip of a key?"),
        (["05.03.55", "06.03.55"], 0, "may be of 1955 or 2055"),
        (["45293", "45294"], 0, "is a spreadsheet's count of days"),
    ],
)
def test_what_is_unclear_or_impossible_is_told_by_its_cell(cells, position, why):
    found = days_of(pl.Series(cells)).wrong[0]
    assert found[0] == position
    assert found[1] == cells[position]
    assert why in found[2]


def test_eight_dates_in_order_under_one_reading_alone_say_what_their_numbers_are():
    days = pl.date_range(date(2024, 1, 28), date(2024, 2, 10), eager=True)
    for style, said in (("%d-%m-%y", "day"), ("%y-%m-%d", "year"), ("%m/%d/%y", "month")):
        found = days_of(days.dt.strftime(style))
        assert found.days.to_list() == days.to_list()
        assert f"the {said} comes first in its dates" in str(found.note)
    shuffled = days.sample(fraction=1.0, shuffle=True, seed=1)
    assert "may be" in days_of(shuffled.dt.strftime("%d-%m-%y")).wrong[0][2]
    assert "may be" in days_of(days[:7].dt.strftime("%d-%m-%y")).wrong[0][2]


def test_the_century_turns_where_the_calendar_does():
    found = days_of(pl.Series(["31.12.99", "03.01.00", "01.02.39", "01.02.70"]))
    assert [day.year for day in found.days] == [1999, 2000, 2039, 1970]
    assert "70 to 99 as 19.., 00 to 39 as 20.. (first 31.12.99)" in str(found.note)


def test_a_day_ten_years_from_all_others_is_a_slip_of_a_key():
    days = [f"2024-03-{day:02d}" for day in range(1, 9)]
    assert days_of(pl.Series([*days, "2042-03-09"])).wrong == (
        (8, "2042-03-09", "stands more than ten years from every other date: a slip of a key?"),
    )


def test_years_that_no_calendar_has_are_told_and_nothing_breaks():
    odd = pl.Series([-900_000, 19_000, 3_000_000], dtype=pl.Int32).cast(pl.Date)
    found = days_of(odd)
    assert [(position, why[:14]) for position, _, why in found.wrong] == [(0, "is of the year"), (2, "is of the year")]
    found = days_of(pl.Series(["99-12-31", "00-01-03"]))  # 99 and 00 can be years only
    assert found.days.to_list() == [date(1999, 12, 31), date(2000, 1, 3)]


def test_dates_and_instants_of_typed_tables_are_days():
    assert days_of(pl.Series([date(2024, 3, 5)])).days.to_list() == [date(2024, 3, 5)]
    assert days_of(pl.Series([datetime(2024, 3, 5, 21)])).days.to_list() == [date(2024, 3, 5)]
    assert days_of(pl.Series([20240305])).days.to_list() == [date(2024, 3, 5)]
    assert days_of(pl.Series([1.5])).wrong == ((0, "1.5", "is no date"),)
