"""Numbers, money and instants as the reader writes them. The filters of the templates."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers

from portopt.doors.console.reader import Reader

NOTHING: Final = "–"
MINUS: Final = "−"
Number = float | int | str | Decimal | None


@dataclass(frozen=True, slots=True)
class Writers:
    """What is not known is written as a dash, never as zero. Every method without an underscore is a filter of its name."""

    locale: Locale
    zone: ZoneInfo
    signs: Signs

    def number(self, value: Number, digits: int = 0) -> str:
        found = amount(value)
        return NOTHING if found is None else self.signs.written(found, digits)

    def shares(self, value: Number) -> str:
        """As many places as there are."""
        found = amount(value)
        return NOTHING if found is None else self.signs.written_short(found, 8)

    def change_of_shares(self, value: Number) -> str:
        found = amount(value)
        return NOTHING if found is None else ("+" if found >= 0 else MINUS) + self.shares(abs(found))

    def significant(self, value: Number) -> str:
        """To three significant digits."""
        found = amount(value)
        return NOTHING if found is None else numbers.format_decimal(found, format="@@#", locale=self.locale)

    def scientific(self, value: Number) -> str:
        """To one place: of what is next to nothing."""
        found = amount(value)
        return NOTHING if found is None else numbers.format_scientific(found, format="0.0E0", locale=self.locale)

    def signed(self, value: Number, digits: int = 0) -> str:
        found = amount(value)
        return NOTHING if found is None else ("+" if found >= 0 else MINUS) + self.signs.written(abs(found), digits)

    def percent(self, value: Number, digits: int = 2) -> str:
        """Of a fraction."""
        found = amount(value)
        return NOTHING if found is None else f"{self.signs.written(found * 100, digits)}%"

    def points(self, value: Number, digits: int = 1) -> str:
        """A difference of fractions, in percentage points."""
        found = amount(value)
        return NOTHING if found is None else f"{self.signed(found * 100, digits)} pp"

    def bps(self, value: Number, digits: int = 1) -> str:
        found = amount(value)
        return NOTHING if found is None else f"{self.number(found * 10_000, digits)} bps"

    def money(self, value: Number, currency: str | None = None, digits: int = 0) -> str:
        found = amount(value)
        if found is None:
            return NOTHING
        return self.signs.written(found, digits, _symbol(currency, self.locale) if currency else "")

    def day(self, value: str | date | None) -> str:
        found = _instant(value)
        return NOTHING if found is None else dates.format_date(found, "medium", locale=self.locale)

    def instant(self, value: str | datetime | None) -> str:
        found = _instant(value)
        return NOTHING if found is None else _to_the_second(found.replace(microsecond=0), self.zone, self.locale)

    def ago(self, value: str | datetime | None, now: datetime | None = None) -> str:
        found = _instant(value)
        if found is None:
            return NOTHING
        since: timedelta = found - (now or datetime.now(UTC))
        return dates.format_timedelta(since, add_direction=True, locale="en")


@lru_cache(maxsize=256)
def _symbol(currency: str, locale: Locale) -> str:
    return numbers.get_currency_symbol(currency, locale=locale)


@lru_cache(maxsize=1024)
def _to_the_second(at: datetime, zone: ZoneInfo, locale: Locale) -> str:
    """Kept, since hundreds of rows of a page were measured at one instant, and Babel reads its pattern anew for each."""
    return dates.format_datetime(at, "medium", tzinfo=zone, locale=locale)


def writers(reader: Reader) -> Mapping[str, Callable[..., str]]:
    """By the name of the filter."""
    made = Writers(Locale.parse(reader.locale), ZoneInfo(reader.zone), Signs.of(reader.locale))
    return {name: getattr(made, name) for name, found in vars(Writers).items() if callable(found) and not name.startswith("_")}


@dataclass(frozen=True, slots=True)
class Signs:
    """Between the digits of a number, as a locale has them: a table of hundreds of rows is written with these alone, since
    Babel reads its pattern anew for each number.
    """

    places: Mapping[int, str]

    @classmethod
    def of(cls, locale: str) -> Signs:
        group, decimal = numbers.get_group_symbol(locale), numbers.get_decimal_symbol(locale)
        return cls(str.maketrans({",": group, ".": decimal}))

    def written(self, value: Decimal, digits: int, before: str = "") -> str:
        """In groups of three, half to even. before: what stands between the sign and the number."""
        digits_written = f"{abs(value):,.{digits}f}"
        sign = MINUS if value < 0 and digits_written.strip("0.") else ""
        return sign + before + digits_written.translate(self.places)

    def written_short(self, value: Decimal, most: int) -> str:
        """With as many places as there are, up to the most."""
        digits = min(most, max(0, -int(value.normalize().as_tuple().exponent)))
        return self.written(value, digits)


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


def _instant(value: str | date | datetime | None) -> datetime | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value
