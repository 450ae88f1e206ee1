"""Numbers, money and instants as the reader writes them. The filters of the templates."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo

from babel import dates, numbers

from portopt.doors.console.reader import Reader

NOTHING: Final = "–"
Number = float | int | str | Decimal | None


def writers(reader: Reader) -> Mapping[str, Callable[..., str]]:
    """By the name of the filter. What is not known is written as a dash, never as zero."""
    locale, zone = reader.locale, ZoneInfo(reader.zone)

    def number(value: Number, digits: int = 0) -> str:
        found = amount(value)
        return NOTHING if found is None else numbers.format_decimal(found, format=_pattern(digits), locale=locale)

    def shares(value: Number) -> str:
        """As many places as there are."""
        found = amount(value)
        return NOTHING if found is None else numbers.format_decimal(found, format="#,##0.########", locale=locale)

    def signed(value: Number, digits: int = 0) -> str:
        found = amount(value)
        pattern = _pattern(digits)
        return NOTHING if found is None else numbers.format_decimal(found, format=f"+{pattern};−{pattern}", locale=locale)

    def percent(value: Number, digits: int = 2) -> str:
        """Of a fraction."""
        found = amount(value)
        return NOTHING if found is None else numbers.format_percent(found, format=f"{_pattern(digits)}%", locale=locale)

    def points(value: Number, digits: int = 1) -> str:
        """A difference of fractions, in percentage points."""
        found = amount(value)
        return NOTHING if found is None else f"{signed(found * 100, digits)} pp"

    def bps(value: Number, digits: int = 1) -> str:
        found = amount(value)
        return NOTHING if found is None else f"{number(found * 10_000, digits)} bps"

    def money(value: Number, currency: str | None = None, digits: int = 0) -> str:
        found = amount(value)
        if found is None:
            return NOTHING
        if not currency:
            return number(found, digits)
        return numbers.format_currency(found, currency, format=f"¤{_pattern(digits)}", locale=locale, currency_digits=False)

    def day(value: str | date | None) -> str:
        found = _instant(value)
        return NOTHING if found is None else dates.format_date(found, "medium", locale=locale)

    def instant(value: str | datetime | None) -> str:
        found = _instant(value)
        return NOTHING if found is None else dates.format_datetime(found, "medium", tzinfo=zone, locale=locale)

    def ago(value: str | datetime | None, now: datetime | None = None) -> str:
        found = _instant(value)
        if found is None:
            return NOTHING
        since: timedelta = found - (now or datetime.now(UTC))
        return dates.format_timedelta(since, add_direction=True, locale="en")

    return {
        writer.__name__: writer
        for writer in (number, shares, signed, percent, points, bps, money, day, instant, ago)
    }  # fmt: skip


def read_number(given: str, reader: Reader) -> Decimal | None:
    """What somebody typed, as their locale writes numbers, or as JSON does; None for what is no number.

    >>> read_number("1.234,5", Reader(locale="de_DE"))
    Decimal('1234.5')
    """
    try:
        return numbers.parse_decimal(given.strip(), locale=reader.locale, strict=True)
    except numbers.NumberFormatError:
        return None


def amount(value: Number) -> Decimal | None:
    """None for nothing, and for what is no finite number."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if math.isfinite(found) else None


def _pattern(digits: int) -> str:
    return "#,##0" + ("." + "0" * digits if digits else "")


def _instant(value: str | date | datetime | None) -> datetime | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value
