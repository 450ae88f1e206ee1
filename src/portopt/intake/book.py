"""What is held, what may be bought and what is measured against, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from portopt.dialects.exact import read_date
from portopt.dialects.records import record
from portopt.domain.errors import InvalidValue
from portopt.domain.holdings import Holdings
from portopt.domain.universe import CASH, Asset, Universe
from portopt.intake.labelled import by_asset


@dataclass(frozen=True, slots=True)
class Book:
    """described: what was said of the assets held, {asset: {attribute: value}}; candidates: what may be bought, None for what
    is held, as described. benchmark: weights by asset id, adding to one, or None.

    notes: what reading them left out, added up or decided, in sentences.
    """

    holdings: Holdings
    described: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    candidates: Universe | None = None
    benchmark: Mapping[str, float] | None = None
    notes: tuple[str, ...] = ()

    @property
    def universe(self) -> Universe:
        """Raises DataError for a book that names no asset at all."""
        if self.candidates is not None:
            return self.candidates
        return Universe(tuple(Asset(a, **self.described.get(a, {})) for a in sorted(self.holdings.shares)))


def holdings_of(values: Any, portfolio_id: str) -> Holdings:
    """Of {"AAPL": 100, …, "CASH": 2500.0} or a pandas Series; CASH in any case is money.

    Raises InvalidValue for what does not say which asset each count is of, and for a count that is no finite number.
    """
    counts: dict[str, Decimal] = {}
    for asset, count in (by_asset(values, "holdings") or {}).items():
        name = CASH if asset.upper() == CASH else asset
        counts[name] = counts.get(name, Decimal(0)) + _decimal(f"holdings.{asset}", count)
    cash = counts.pop(CASH, Decimal(0))
    return Holdings(portfolio_id, counts, cash)


def _decimal(field: str, value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise InvalidValue(field, value, "is not a number", fix="write a number: 1234.5") from None
    if not number.is_finite():
        raise InvalidValue(field, value, "is not a finite number")
    return number


def universe_of(described: Mapping[str, Mapping[str, Any]], where: str) -> Universe:
    """Assets as {id: {attribute: value}}, in that order. Raises UnknownField and InvalidValue with the dotted path."""
    return Universe(tuple(record(Asset, {"id": a, **values}, f"{where}.{a}") for a, values in described.items()))


def money_of(value: Any, field: str) -> Decimal:
    """To the cent, below zero too. Raises InvalidValue for what is no amount."""
    return _decimal(field, value).quantize(Decimal("0.01"))


def money_in(value: Any, field: str) -> Decimal:
    """An amount as it was written, every digit of it. Raises InvalidValue for what is no number."""
    return _decimal(field, value.strip() if isinstance(value, str) else value)


def day_of(value: date | str | None, field: str) -> date | None:
    """A date, a datetime's date, or that of an ISO text. Raises InvalidValue for anything else."""
    if isinstance(value, str):
        return read_date(value, field)
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    raise InvalidValue(field, value, "is not a date", fix="write it as 2024-03-28")
