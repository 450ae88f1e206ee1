"""One decimal of a text."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

MOST = Decimal("1e15")


def decimal_of(text: str) -> Decimal | None:
    """A number with a decimal point, exactly; None for what is not finite or of no sensible size."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if "_" in text or not value.is_finite() or abs(value) >= MOST:
        return None
    exponent = value.as_tuple().exponent
    return value if isinstance(exponent, int) and exponent >= -30 else None
