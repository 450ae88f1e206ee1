"""Days, decimals and money in documents, exactly as they are written."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from portopt.dialects.reading import shown, text
from portopt.domain.errors import InvalidValue


def read_date(value: Any, field: str) -> date:
    """An ISO calendar date."""
    word = text(value, field)
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise InvalidValue(field, word, "is not a date", fix="write it as 2022-12-28") from None


def read_decimal(value: Any, field: str) -> Decimal:
    """A finite decimal from a text or a whole number; a float has already lost its decimals and is refused."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidValue(field, shown(value), "a decimal is written as a text", fix='write "100.50"')
    try:
        result = Decimal(value)
    except InvalidOperation:
        raise InvalidValue(field, shown(value), "is not a decimal number", fix='write "100.50"') from None
    if not result.is_finite() or abs(result) >= Decimal(10) ** 15 or len(str(result)) > 40:
        raise InvalidValue(field, shown(value), "is not a finite amount below 10^15")
    return result


def read_money(value: Any, field: str) -> Decimal:
    """An amount of money as a text or a number, as JSON has it: 30000, 30000.5, "30000.50"."""
    exact = repr(value) if isinstance(value, float) else value
    return read_decimal(exact, field)
