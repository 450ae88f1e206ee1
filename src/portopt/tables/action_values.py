"""What a cell of a table of corporate actions says: its kind, in the words of people and vendors, and its ratio as integers."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Literal, TypeAlias

from portopt.tables.decimals import decimal_of

Kind: TypeAlias = Literal["split", "dividend", "spin_off", "delisting"]

KINDS: dict[Kind, tuple[str, ...]] = {
    "dividend": ("dividend", "dividends", "div", "cash dividend", "special dividend", "special cash dividend", "regular cash",
                 "special cash", "income", "distribution", "capital gains distribution", "return of capital", "interim",
                 "final", "dividende", "ausschüttung", "sonderdividende"),
    "split": ("split", "splits", "stock split", "forward split", "reverse split", "reverse stock split", "share consolidation",
              "consolidation", "stock dividend", "bonus issue", "bonus", "aktiensplit", "reverse-split", "zusammenlegung"),
    "spin_off": ("spin off", "spinoff", "spin_off", "demerger", "abspaltung"),
    "delisting": ("delisting", "delisted", "delist", "liquidation", "acquisition", "cash merger", "removed"),
}  # fmt: skip
CONSOLIDATIONS = (
    "reverse split",
    "reverse stock split",
    "share consolidation",
    "consolidation",
    "reverse-split",
    "zusammenlegung",
)
ON_TOP = ("stock dividend", "bonus issue", "bonus")  # a ratio there says what comes on top of each share

NUMBER = r"[0-9]+(?:[.,][0-9]+)?"
PAIR = re.compile(rf"^({NUMBER})\s*(?::|/|-?\s*(?:for|to|zu|für)\s*-?)\s*({NUMBER})$", re.IGNORECASE)
LONG_DECIMAL = 4  # decimals from which 0.3333 means a third
SMALL = 30  # the largest denominator that such a number is taken for


def kind_of_action(words: str) -> tuple[Kind | None, str]:
    """(kind, the words as they are compared); None for what is not known."""
    plain = re.sub(r"[\s_-]+", " ", words.strip().lower())
    found = next((kind for kind, known in KINDS.items() if plain in known or plain.replace(" ", "-") in known), None)
    return found, plain


def ratio_of(text: str) -> Fraction | None:
    """New shares for each old one: 2:1, 2/1, 2-for-1, 3 for 2, 0.5, 0,5. None for what is no ratio above zero.

    A long decimal is the fraction that it was written from: 0.142857 is 1/7.
    """
    plain = text.strip()
    if match := PAIR.match(plain):
        new, old = (Fraction(part.replace(",", ".")) for part in match.groups())
        return new / old if new > 0 and old > 0 else None
    number = decimal_of(plain.replace(",", ".") if plain.count(",") == 1 and "." not in plain else plain)
    return _meant(number) if number is not None and number > 0 else None


def _meant(number: Decimal) -> Fraction:
    """The simplest fraction within the last digit that was written; the number itself where there is no simple one."""
    exactly, exponent = Fraction(number), number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent > -LONG_DECIMAL:
        return exactly
    near = exactly.limit_denominator(SMALL)
    return near if near and abs(near - exactly) <= Fraction(1, 10**-exponent) else exactly
