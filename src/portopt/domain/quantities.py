"""A fraction as people write it: "12 %", "15 bps". The one reader of them, wherever a fraction is read.

Decimal, so that "12 %" is the very number that 0.12 is.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

LONGEST_QUANTITY = 40  # characters: what is longer is prose
HUNDREDTHS = ("%", "percent", "per cent", "pct")
TEN_THOUSANDTHS = ("bps", "bp", "basis points", "basis point")
UNIT_OF = {**dict.fromkeys(HUNDREDTHS, Decimal("0.01")), **dict.fromkeys(TEN_THOUSANDTHS, Decimal("0.0001"))}
SPELLED = re.compile(
    rf"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))\s*({'|'.join(map(re.escape, sorted(UNIT_OF, key=len, reverse=True)))})",
    re.IGNORECASE,
)


def spelled_fraction(value: object) -> float | None:
    """The fraction that a text with a unit spells; None for a text without one, and for what is no text.

    >>> [spelled_fraction(text) for text in ("12%", " 15 bps ", "-0.5 percent", "0.12", "12,5 %", "about 5 %")]
    [0.12, 0.0015, -0.005, None, None, None]
    """
    found = SPELLED.fullmatch(_in_ascii(value)) if isinstance(value, str) and len(value) <= LONGEST_QUANTITY else None
    return None if found is None else float(Decimal(found[1]) * UNIT_OF[" ".join(found[2].lower().split())])


def spelled_bps(value: object) -> float | None:
    """The same in basis points, for what is counted in them: "15 bps" is 15, "0.1 %" is 10."""
    found = SPELLED.fullmatch(_in_ascii(value)) if isinstance(value, str) and len(value) <= LONGEST_QUANTITY else None
    return None if found is None else float(Decimal(found[1]) * UNIT_OF[" ".join(found[2].lower().split())] * 10_000)


def plain_number(value: object) -> str | None:
    """The number that a text without a unit spells, as it is written without quotes; None for any other."""
    try:
        spelled = Decimal(_in_ascii(value)) if isinstance(value, str) else None
    except InvalidOperation:
        return None
    return f"{spelled.normalize():f}" if spelled is not None and spelled.is_finite() and abs(spelled.adjusted()) < 40 else None


def _in_ascii(text: str) -> str:
    """Without spaces around it, a minus sign as people's keyboards have it."""
    return " ".join(text.replace("\u2212", "-").split())
