"""Rational arithmetic against the same sums done plainly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.verifier.exact import cents, dot, quadratic, root, written


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_a_quadratic_form_is_the_plain_sum_of_fractions(seed, n):
    rng = np.random.default_rng(seed)
    v = [Fraction(int(a), int(b)) for a, b in zip(rng.integers(-(10**6), 10**6, n), rng.integers(1, 10**6, n), strict=True)]
    M = (rng.normal(size=(n, n)) * 10.0 ** rng.integers(-12, 3, (n, n)) * (rng.random((n, n)) > 0.2)).tolist()
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
