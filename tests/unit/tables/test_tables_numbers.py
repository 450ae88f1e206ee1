"""Numbers as the world writes them: the whole column decides, or the reader is asked by the cell."""

from __future__ import annotations

import polars as pl
import pytest

from portopt.tables.numbers import MISSING, advice, evidence_of, numbers_of


def read(cells: list[str | None], told: str | None = None, other: str | None = None) -> list[str | None]:
    found = numbers_of(pl.Series(cells, dtype=pl.String), told, other)
    assert not found.wrong
    return found.text.to_list()


@pytest.mark.parametrize(
    ("cells", "meant"),
    [
        (["1234.5", "7"], ["1234.5", "7"]),
        (["1,234.5", "12"], ["1234.5", "12"]),
        (["1.234,5", "12"], ["1234.5", "12"]),
        (["30,5", "1.234"], ["30.5", "1234"]),
        (["30.5", "1,234"], ["30.5", "1234"]),
        (["1.234.567", "1.234"], ["1234567", "1234"]),
        (["12,34,567.5", "1"], ["1234567.5", "1"]),
        (["1 234,50", "12,00"], ["1234.50", "12.00"]),
        (["1'234.50", "1’000.00"], ["1234.50", "1000.00"]),
        (["0,123", "1,500"], ["0.123", "1.500"]),
        (["$1,234.50", "$7.00"], ["1234.50", "7.00"]),
        (["(1,234.50)", "+7.25"], ["-1234.50", "+7.25"]),
        (["1.5e3", "-.5", "5."], ["1.5e3", "-.5", "5."]),
        ([" 7 ", None, ""], ["7", None, None]),
    ],
)
def test_a_column_shows_what_its_marks_mean(cells, meant):
    assert read(cells) == meant


def test_between_commas_a_point_is_the_decimal_mark_and_between_semicolons_it_is_asked():
    assert read(["1.234", "5.678"], told=".") == ["1.234", "5.678"]
    ((position, why),) = numbers_of(pl.Series(["12", "1.234"]), None).wrong
    assert position == 1
    assert why.startswith("may be 1234 or 1.234")
    assert "(1234), or with another decimal where it is one (1.2340)" in advice("1.234", why)


def test_following_that_advice_is_read():
    assert read(["12", "1234"]) == ["12", "1234"]
    assert read(["12", "1.2340"]) == ["12", "1.2340"]


def test_the_other_columns_of_the_file_speak_where_a_column_does_not():
    assert evidence_of([pl.Series(["4,080.14"]), pl.Series(["a word"]), pl.Series(["1,000"])]) == "."
    assert evidence_of([pl.Series(["4,5"]), pl.Series(["4.5"])]) is None
    assert read(["1,000"], other=".") == ["1000"]
    assert read(["1,000"], told=".", other=",") == ["1.000"]


def test_two_marks_in_one_column_are_refused_by_both_cells():
    ((_, why),) = numbers_of(pl.Series(["1.5", "1,5"]), ".").wrong
    assert why == "has a decimal point, '1,5' in the same column a decimal comma"


@pytest.mark.parametrize("word", [word for word in MISSING if word])
def test_words_that_say_missing_are_missing_and_counted(word):
    found = numbers_of(pl.Series(["1.5", word.upper()]), ".")
    assert found.text.to_list() == ["1.5", None]
    assert found.missing == {word.upper(): 1}


@pytest.mark.parametrize("text", ["ten", "1_000", "1,23", "--5", "0x10", "1 00", "1..5", "12,3456.7", "१२", "5%", "$", "1,2,3"])
def test_what_is_no_number_is_wrong_in_its_place(text):
    found = numbers_of(pl.Series(["1.5", text]), ".")
    assert [position for position, _ in found.wrong][-1:] in ([1], [0])
    assert found.wrong


def test_several_currencies_in_one_column_are_refused():
    assert "several currencies ($, €)" in numbers_of(pl.Series(["$5", "€6"]), ".").wrong[0][1]


def test_percentages_are_fractions_where_asked_for_and_refused_elsewhere():
    found = numbers_of(pl.Series(["12.5%", "7 %"]), ".", percent=True)
    assert found.percent
    assert found.text.to_list() == ["12.5", "7"]
    assert [why for _, why in numbers_of(pl.Series(["12.5%", "7"]), ".", percent=True).wrong] == [
        "is a percentage among numbers"
    ]
