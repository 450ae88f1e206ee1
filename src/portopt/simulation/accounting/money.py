"""Whole cents out of units and prices, for many at once: floats say which cent, and where they might not, integers do.

A price is the shortest decimal that is the same float: 12.345 is exactly 12.345. Every amount is rounded half-even to the cent.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import isqrt, lcm

import numpy as np

from portopt.domain.arrays import Mask, Vector
from portopt.domain.backtest import Cents, Units
from portopt.domain.errors import DataError
from portopt.domain.tariff import exact

DOUBT = 1e-14  # of an amount: more than a dozen roundings of a float can add up to
MOST = 9.2e18  # cents that an integer of 64 bits holds
FITS = 2**61  # room to double a remainder in
TICKS = 10_000  # of most prices: four decimals; below 10^11 such a float is that decimal and no shorter one


def fraction(number: object) -> Fraction:
    """The number as it is written, exactly."""
    return Fraction(exact(number))


def nearest(amounts: Vector, exactly: Callable[[int], Fraction]) -> Cents:
    """(m,) amounts, none negative, to whole numbers, half to even. exactly(i): the i-th, where the float leaves a doubt."""
    whole = np.floor(amounts)
    over = amounts - whole
    doubtful = np.abs(over - 0.5) <= DOUBT * (amounts + 1.0)
    if amounts.size and not amounts.max() < MOST:
        raise DataError("an amount of money is larger than this ledger counts", measured={"cents": float(amounts.max())})
    found = (whole + (over > 0.5)).astype(np.int64)
    if doubtful.any():
        for i in np.flatnonzero(doubtful).tolist():
            found[i] = round(exactly(i))
    return found


def rounded(*terms: tuple[Units, Fraction]) -> Cents:
    """(m,) Σ units × ratio to whole numbers, half to even; none negative. In integers wherever they hold the products."""
    columns, ratios = [units for units, _ in terms], tuple(ratio for _, ratio in terms)
    den, factors = _over_one_denominator(ratios)
    largest = sum(max(int(units.max(initial=0)), 1) * factor for units, factor in zip(columns, factors, strict=True))
    if max(largest, den) < FITS:
        total = sum(units * factor for units, factor in zip(columns, factors, strict=True))
        return _halves_to_even(np.asarray(total), den)
    amounts = sum(units * float(ratio) for units, ratio in terms)
    return nearest(
        np.asarray(amounts, dtype=np.float64), lambda i: sum((int(units[i]) * ratio for units, ratio in terms), Fraction(0))
    )


@lru_cache(maxsize=4096)
def _over_one_denominator(ratios: tuple[Fraction, ...]) -> tuple[int, tuple[int, ...]]:
    den = lcm(*(ratio.denominator for ratio in ratios))
    return den, tuple(ratio.numerator * (den // ratio.denominator) for ratio in ratios)


def _halves_to_even(numerators: Units, den: int) -> Cents:
    if den == 1:
        return numerators
    whole = numerators // den
    twice = 2 * (numerators - whole * den)
    return np.asarray(whole + ((twice > den) | ((twice == den) & (whole % 2 == 1))))


def worth(units: Units, prices: Vector, share: Fraction) -> Cents:
    """(m,) cents that units are worth: signed as they are.

    units: (m,), a unit is `share` shares. prices: (m,) above zero, money a share.
    """
    size = np.abs(units)
    ticks = np.rint(prices * TICKS)
    if (ticks / TICKS == prices).all() and float(ticks.max(initial=0.0)) * float(size.max(initial=0)) < FITS:
        return np.sign(units) * rounded((size * ticks.astype(np.int64), _tick(share)))
    amounts = size * prices * float(100 * share)
    return np.sign(units) * nearest(amounts, lambda i: 100 * share * int(size[i]) * fraction(float(prices[i])))


@lru_cache(maxsize=4096)
def _tick(share: Fraction) -> Fraction:
    """Cents that a unit is worth at a price of one tick."""
    return 100 * share / TICKS


def part(amounts: Cents, of: Units, whole: Units) -> Cents:
    """(m,) amount × of / whole, signed as the amount is; of: 0 to whole. All of it where `of` is the whole."""
    size = np.abs(amounts)
    ratio = size.astype(np.float64) * of / whole  # the product of two integers would not always fit
    found = nearest(ratio, lambda i: Fraction(int(size[i]) * int(of[i]), int(whole[i])))
    return np.sign(amounts) * found


def root(square: Fraction) -> int:
    """The square root to a whole number, half to even. square: not negative."""
    twice = isqrt(4 * square.numerator // square.denominator)  # floor(2 √x)
    if twice % 2 and twice * twice == 4 * square:
        return round(Fraction(twice, 2))
    return (twice + 1) // 2


def has_price(prices: Vector) -> Mask:
    """(n,) what can be bought and sold: a price that is a number above zero."""
    return np.isfinite(prices) & (prices > 0.0)
