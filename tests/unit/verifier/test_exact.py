"""Rational arithmetic against the same sums done plainly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.verifier.exact import cents, dot, quadratic, root, written

NUMBERS = st.floats(-2.0, 2.0, allow_nan=False).filter(lambda x: x == 0.0 or abs(x) > 1e-200)


@given(st.lists(st.fractions(-2, 2, max_denominator=10**9), min_size=1, max_size=5), st.data())
def test_a_quadratic_form_is_the_plain_sum_of_fractions(v, data):
    M = [[data.draw(NUMBERS) for _ in v] for _ in v]
    plainly = sum(a * b * Fraction(M[i][j]) for i, a in enumerate(v) for j, b in enumerate(v))
    assert quadratic(v, M) == plainly
    assert dot(v, M[0]) == sum(a * Fraction(m) for a, m in zip(v, M[0], strict=True))


@given(st.fractions(min_value=0, max_value=10**12))
def test_a_root_is_right_to_the_last_digit(value):
    assert root(value) ** 2 == pytest.approx(float(value), rel=1e-14)


@pytest.mark.parametrize("square", [Fraction(1, 10**40), Fraction(2, 10**31), Fraction(1, 7), Fraction(0), Fraction(-1, 3)])
def test_a_root_of_very_little_keeps_its_digits(square):
    assert root(square) == pytest.approx(np.sqrt(max(float(square), 0.0)), rel=1e-14)


def test_money_is_rounded_half_even_to_the_cent():
    amounts = ["1.005", "1.015", "1.0150001", "-1.005"]
    assert [cents(written(a)) for a in amounts] == [Fraction(1), Fraction(102, 100), Fraction(102, 100), Fraction(-1)]


def test_a_number_that_a_person_wrote_is_the_decimal_that_stands_there():
    assert written(0.1) == Fraction(1, 10)
    assert written("125.674") == Fraction(125674, 1000)
    assert written(1e-05) == Fraction(1, 100_000)
