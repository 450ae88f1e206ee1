"""Fractions with a unit: one reader, exact in decimal, and no text that is none."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.domain.quantities import plain_number, spelled_bps, spelled_fraction

AMOUNTS = st.decimals(min_value=-10_000, max_value=10_000, allow_nan=False, allow_infinity=False, places=4)
PERCENT, POINTS = ("%", " %", "percent", " per cent", "pct", " PERCENT"), ("bps", " bp", " basis points", "BPS", " basis point")


@given(AMOUNTS, st.sampled_from(PERCENT))
def test_a_percentage_is_the_float_of_its_decimal_fraction(amount: Decimal, unit: str):
    assert spelled_fraction(f"{amount:f}{unit}") == float(amount / 100)


@given(AMOUNTS, st.sampled_from(POINTS))
def test_basis_points_are_ten_thousandths_and_count_in_themselves(amount: Decimal, unit: str):
    assert spelled_fraction(f"{amount:f}{unit}") == float(amount / 10_000)
    assert spelled_bps(f"{amount:f}{unit}") == float(amount)


@given(st.integers(-100, 100))
def test_a_percentage_is_the_number_that_a_person_would_write(whole: int):
    assert spelled_fraction(f"{whole}%") == float(f"{whole / 100:.2f}")
    assert spelled_bps(f"{whole}%") == 100.0 * whole


@given(st.text(max_size=60))
def test_any_text_is_a_finite_number_or_none(text: str):
    found = spelled_fraction(text)
    assert found is None or (math.isfinite(found) and any(unit in text.lower() for unit in ("%", "p")))


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["", " ", "x", " EUR", "pp", "%%", "‰"]))
def test_what_has_no_unit_of_a_fraction_is_none(number: float, unit: str):
    assert spelled_fraction(f"{number}{unit}") is None
    assert spelled_fraction(number) is None


@pytest.mark.parametrize(
    ("text", "fraction"),
    [
        ("12%", 0.12),
        ("12 %", 0.12),
        (" 12% ", 0.12),
        ("+5%", 0.05),
        ("-0.5 %", -0.005),
        ("\u22120.5 %", -0.005),
        (".5%", 0.005),
        ("5.%", 0.05),
        ("15 bps", 0.0015),
        ("15bp", 0.0015),
        ("100 basis points", 0.01),
        ("0 %", 0.0),
        ("33.3333 %", 0.333333),
        ("0.1 per  cent", 0.001),
    ],
)
def test_what_people_write(text, fraction):
    assert spelled_fraction(text) == fraction


@pytest.mark.parametrize(
    "text",
    [
        "12,5 %",
        "1,000 bps",
        "12",
        "",
        "%",
        "bps",
        "ten %",
        "1e2 %",
        "5 % or so",
        "5 % %",
        "--5%",
        "5 / 25",
        "0x5 %",
        "१२%",
        "nan %",
        "inf %",
        "1_0%",
        "9" * 50 + "%",
        None,
        True,
        5,
        ["5 %"],
    ],
    ids=str,
)
def test_what_is_no_fraction_of_anything(text):
    assert spelled_fraction(text) is None
    assert spelled_bps(text) is None


def test_a_text_without_a_unit_is_told_as_the_number_it_would_be():
    assert [plain_number(text) for text in ("0.60", "1e3", " 5 ", "x", "nan", "1e999", 5)] == ["0.6", "1000", "5"] + [None] * 4
