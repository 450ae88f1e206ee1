"""Rational arithmetic: nothing here is rounded.

A number that a person wrote (a limit, a price, money) is the decimal that stands in the document: 0.1 is one tenth. A number
that was worked out (an expected return, a covariance) is the double that its digits name, itself a rational number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

ZERO, ONE, HUNDRED = Fraction(0), Fraction(1), Fraction(100)


def written(value: Any) -> Fraction:
    """The decimal number that is written: 0.1, "125.674" or 980."""
    return value if type(value) is Fraction else _written(value)


@lru_cache(maxsize=1 << 15, typed=True)  # a document says zero, a price or a benchmark's weight again and again
def _written(value: Any) -> Fraction:
    return Fraction(Decimal(repr(value) if isinstance(value, float) else str(value)))


def cents(amount: Fraction) -> Fraction:
    """Half-even to the cent."""
    if not amount:
        return ZERO
    return Fraction(round(amount * HUNDRED), 100)


def dot(a: Sequence[Fraction], b: Sequence[float]) -> Fraction:
    """a'b, exactly; b as doubles."""
    held = [(x, float(y).as_integer_ratio()) for x, y in zip(a, b, strict=True) if x and y]
    whole, shared = over_one([x for x, _ in held])
    two = max((d for _, (_, d) in held), default=1)  # doubles have powers of two below
    return Fraction(sum(w * n * (two // d) for w, (_, (n, d)) in zip(whole, held, strict=True)), two * shared)


def over_one(values: Sequence[Fraction]) -> tuple[list[int], int]:
    """(numerators, the denominator that all of them share)."""
    shared = math.lcm(*(value.denominator for value in values)) if values else 1
    return [value.numerator * (shared // value.denominator) for value in values], shared


def quadratic(v: Sequence[Fraction], matrix: Sequence[Sequence[float]]) -> Fraction:
    """v'Mv, exactly: whole numbers over one denominator, so that no fraction is reduced on the way."""
    held = [i for i, x in enumerate(v) if x]
    whole, shared = over_one([v[i] for i in held])
    entries = [[matrix[i][j].as_integer_ratio() for j in held] for i in held]
    two = max((d for row in entries for _, d in row), default=1)  # doubles have powers of two below
    total = 0
    for a, row in zip(whole, entries, strict=True):
        total += a * sum(b * n * (two // d) for b, (n, d) in zip(whole, row, strict=True))
    return Fraction(total, two * shared * shared)


def root(value: Fraction) -> float:
    """sqrt, to the last digit of a double."""
    if value <= 0:
        return 0.0
    shift = max(0, 120 - value.numerator.bit_length() + value.denominator.bit_length())
    shift += shift % 2
    return math.isqrt((value.numerator << shift) // value.denominator) / (1 << shift // 2)
