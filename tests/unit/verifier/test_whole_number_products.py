"""Products over one denominator: the same rational number as fraction by fraction."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.verifier.book import Beliefs
from portopt.verifier.exact import cents, dot, written

fractions = st.one_of(st.just(Fraction(0)), st.fractions(-2, 2, max_denominator=10**6))
doubles = st.one_of(st.just(0.0), st.floats(-1e3, 1e3, allow_nan=False))


@given(st.lists(st.tuples(fractions, doubles), max_size=12))
def test_a_product_is_the_sum_of_its_fractions(pairs):
    expected = sum((x * Fraction(y) for x, y in pairs), Fraction(0))
    assert dot([x for x, _ in pairs], [y for _, y in pairs]) == expected


@given(st.lists(st.tuples(fractions, doubles, doubles), min_size=1, max_size=8))
def test_a_variance_by_products_with_books_is_that_of_every_row(rows):
    v, a, b = (list(part) for part in zip(*rows, strict=True))
    form = {"form": "products", "Sigma_times": {"book": a, "benchmark": b}}
    expected = sum((x * (Fraction(p) - Fraction(q)) for x, p, q in rows), Fraction(0))
    assert Beliefs((), form).variance(v, {"book": 1.0, "benchmark": -1.0}) == expected


@pytest.mark.parametrize(("said", "is_"), [(0.1, Fraction(1, 10)), ("125.674", Fraction(125674, 1000)), (980, Fraction(980))])
def test_what_is_written_is_the_decimal_that_stands_there_however_often_it_is_asked(said, is_):
    assert [written(said) for _ in range(3)] == [is_] * 3


def test_money_rounds_half_to_even_and_nothing_stays_nothing():
    assert [cents(Fraction(n, 1000)) for n in (5, 15, 0, -5, -15)] == [Fraction(n, 100) for n in (0, 2, 0, 0, -2)]
