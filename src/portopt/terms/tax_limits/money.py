"""An amount of money, from a number or a text that spells one; texts keep their cents."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from portopt.domain.errors import InvalidValue
from portopt.terms.shared.one_way import beyond

MOST = 10**12


def opened(limit: Decimal, slack: float, value: float) -> str:
    """A budget as it reads, with what it was opened by: in money where the portfolio's value is known."""
    if value:
        return f"{float(limit) + slack * value:,.2f}"
    return f"{limit:,.2f}{beyond(slack)}"


def money(field: str, value: Any) -> Decimal:
    """Raises InvalidValue for what is no amount, is below zero, or is more than anybody has."""
    if isinstance(value, str | int | float | Decimal) and not isinstance(value, bool):
        try:
            amount = Decimal(value if isinstance(value, int) else str(value))
        except InvalidOperation:
            amount = Decimal("NaN")
        if amount.is_finite() and 0 <= amount <= MOST:
            return amount
    raise InvalidValue(field, value, "an amount of money from 0 on is needed", fix=f'write {field} as "5000.00"')
