"""Cents out of units and prices: what exact fractions say, for prices and sizes of every kind."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portopt.domain.errors import DataError
from portopt.simulation.accounting.money import nearest, part, root, rounded, worth

PRICES = st.one_of(
    st.decimals("0.0001", "99999", places=4).map(float), st.decimals("0.00001", "99", places=5).map(float),
    st.floats(1e-6, 1e6), st.sampled_from([0.005, 12.345, 1e-9, 123456789.125]),
)  # fmt: skip
UNITS = st.one_of(st.integers(-10_000, 10_000), st.integers(-(10**13), 10**13))
SHARES = st.sampled_from([Fraction(1), Fraction(1, 10**6), Fraction(999_983, 10**6), Fraction(7, 10**12)])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(UNITS, PRICES), min_size=1, max_size=6), SHARES)
def test_units_are_worth_what_fractions_say_half_to_even(held: list[tuple[int, float]], share: Fraction):
    units, prices = np.array([u for u, _ in held]), np.array([p for _, p in held])
    exactly = [round(u * share * Fraction(Decimal(repr(p))) * 100) for u, p in held]
    if max(map(abs, exactly)) < 9 * 10**18:
        assert worth(units, prices, share).tolist() == exactly


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=5), st.fractions(0, 3, max_denominator=10**9),
       st.fractions(0, 50, max_denominator=10**18))  # fmt: skip
def test_sums_of_products_are_rounded_once(amounts: list[int], rate: Fraction, other: Fraction):
    values = np.array(amounts)
    found = rounded((values, rate), (values[::-1], other))
    assert found.tolist() == [round(a * rate + b * other) for a, b in zip(amounts, reversed(amounts), strict=True)]


def test_nothing_at_any_rate_is_nothing():
    none = np.zeros(3, dtype=np.int64)
    assert rounded((none, Fraction(10**30, 7)), (none, Fraction(1, 10**40))).tolist() == [0, 0, 0]


@settings(max_examples=200, deadline=None)
@given(st.integers(-(10**17), 10**17), st.integers(1, 10**15), st.data())
def test_a_part_and_the_rest_are_the_whole(amount: int, whole: int, data: st.DataObject):
    of = data.draw(st.integers(0, whole))
    found = part(np.array([amount]), np.array([of]), np.array([whole]))
    assert found[0] == round(Fraction(amount * of, whole))
    assert part(np.array([amount]), np.array([whole]), np.array([whole]))[0] == amount


@settings(max_examples=200, deadline=None)
@given(st.fractions(0, 10**24, max_denominator=10**6))
def test_a_root_is_the_nearest_whole_number(square: Fraction):
    found = root(square)
    assert max(found - Fraction(1, 2), 0) ** 2 <= square <= (found + Fraction(1, 2)) ** 2


def test_a_root_half_way_goes_to_the_even_number():
    assert [root(Fraction(n, 2) ** 2) for n in (1, 3, 5, 7)] == [0, 2, 2, 4]
    assert root(Fraction(2)) == round(sqrt(2)) == 1


def test_more_than_the_ledger_counts_is_said():
    with pytest.raises(DataError, match="larger than this ledger counts"):
        nearest(np.array([1e19]), lambda i: Fraction(10**19))
    with pytest.raises(DataError):
        worth(np.array([10**15]), np.array([1e6]), Fraction(1))
