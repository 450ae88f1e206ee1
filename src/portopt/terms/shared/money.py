"""An amount of money, from a number or a text that spells one; texts keep their cents."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from portopt.domain.errors import InvalidValue
from portopt.terms.shared.one_way import beyond

MOST = 10**12  # more than any portfolio


def money(field: str, value: Any, *, most: int = MOST, example: str = "5000.00") -> Decimal:
    """In the portfolio's currency, from 0 to `most`. Raises InvalidValue for what is no amount and for what is outside."""
    if isinstance(value, str | int | float | Decimal) and not isinstance(value, bool):
        try:
            amount = Decimal(value if isinstance(value, int) else str(value))
        except InvalidOperation:
            amount = Decimal("NaN")
        if amount.is_finite() and 0 <= amount <= most:
            return amount
    until = "on" if most == MOST else f"to {most:,}"
    raise InvalidValue(field, value, f"an amount of money from 0 {until} is needed", fix=f'write {field} as "{example}"')


def opened(limit: Decimal, slack: float, value: float) -> str:
    """A budget as it reads, with what it was opened by: in money where the portfolio's value is known."""
    if value:
        return f"{float(limit) + slack * value:,.2f}"
    return f"{limit:,.2f}{beyond(slack)}"
