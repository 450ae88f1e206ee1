"""Ratios of splits between what a list of holdings says and what prices say: which there are, and which is nearest.

A ratio is new shares for each old one: 4 after a split of 4 for 1, 1/10 after a consolidation of 10 into 1. The price of a
share goes the other way: a price stated before the split is the ratio times one from after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import log

SMALLEST = Fraction(5, 4)
SPLITS = (SMALLEST, Fraction(3, 2), *(Fraction(n) for n in (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 50)))
CONSOLIDATIONS = tuple(Fraction(1, n) for n in (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50))
RATIOS = (*SPLITS, *CONSOLIDATIONS)


def nearest_ratio(times: float, among: Sequence[Fraction] = RATIOS) -> Fraction:
    """The ratio nearest to a price that is so many times another, both ways alike."""
    return min(among, key=lambda ratio: abs(log(times) - log(ratio)))


def in_words(ratio: Fraction) -> str:
    """ "a split of 4 for 1", "a consolidation of 10 into 1" """
    if ratio >= 1:
        return f"a split of {ratio.numerator} for {ratio.denominator}"
    return f"a consolidation of {ratio.denominator} into {ratio.numerator}"


def as_text(ratio: Fraction) -> str:
    """As it is written where it is stated: "4:1"."""
    return f"{ratio.numerator}:{ratio.denominator}"
