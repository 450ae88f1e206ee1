"""The ratio of a split as people write it."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

NUMBER = r"[0-9]+(?:[.,][0-9]+)?"
PAIR = re.compile(rf"^({NUMBER})\s*(?::|/|-?\s*(?:for|to|zu|für)\s*-?)\s*({NUMBER})$", re.IGNORECASE)
ALONE = re.compile(r"^[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]{1,2})?$")
LONG_DECIMAL = 4  # decimals from which 0.3333 means a third
SMALL = 30  # the largest denominator that such a number is taken for


def ratio_of(text: str) -> Fraction | None:
    """New shares for each old one: 2:1, 2/1, 2-for-1, 3 for 2, 0.5, 0,5. None for what is no ratio above zero.

    A long decimal is the fraction that it was written from: 0.142857 is 1/7.
    """
    plain = text.strip()
    if match := PAIR.match(plain):
        new, old = (Fraction(part.replace(",", ".")) for part in match.groups())
        return new / old if new > 0 and old > 0 else None
    plain = plain.replace(",", ".") if plain.count(",") == 1 and "." not in plain else plain
    number = Decimal(plain) if ALONE.match(plain) else None
    return _meant(number) if number is not None and number > 0 else None


def _meant(number: Decimal) -> Fraction:
    """The simplest fraction within the last digit that was written; the number itself where there is no simple one."""
    exactly, exponent = Fraction(number), number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent > -LONG_DECIMAL:
        return exactly
    near = exactly.limit_denominator(SMALL)
    return near if near and abs(near - exactly) <= Fraction(1, 10**-exponent) else exactly
