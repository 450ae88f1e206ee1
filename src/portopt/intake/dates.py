"""A column of text to days: the whole column decides whether the day or the month comes first, and which century is meant.

    2024-03-25   2024/3/25   20240325   25-Mar-2024   Mar 25, 2024      one meaning
    25/03/2024   03/25/2024                                             a number over 12 in the column says which is the day
    25.03.2024                                                          a day first, wherever points are written
    25.03.99     25.03.00                                               70 to 99 are 19.., 00 to 39 are 20.., the rest is asked

What follows a day (a time, a zone) is left off. Years outside 1800 to 2099 are slips of a key.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

FIRST_YEAR, LAST_YEAR = 1800, 2099
NEW, OLD = 39, 70  # two digits: up to NEW is 20.., from OLD on is 19..
MONTHS = {name.lower(): i for names in (calendar.month_abbr, calendar.month_name) for i, name in enumerate(names) if name}
REST = r"(?:[T ,].*)?$"
YEAR_FIRST = re.compile(r"^(?P<y>[0-9]{4})(?P<s>[-/.]?)(?P<m>[0-9]{2}|(?<=[-/.])[0-9])(?P=s)(?P<d>[0-9]{1,2})" + REST)
IN_PARTS = re.compile(r"^(?P<a>[0-9]{1,2})(?P<s>[-/.])(?P<b>[0-9]{1,2})(?P=s)(?P<y>[0-9]{4}|[0-9]{2})" + REST)
DAY_NAMED = re.compile(r"^(?P<d>[0-9]{1,2})[-/. ]+(?P<n>[A-Za-z]{3,9})[-/., ]+(?P<y>[0-9]{4}|[0-9]{2})" + REST)
MONTH_NAMED = re.compile(r"^(?P<n>[A-Za-z]{3,9})\.?[-/ ]+(?P<d>[0-9]{1,2})[-/, ]+(?P<y>[0-9]{4}|[0-9]{2})" + REST)
LONELY = 3653  # days between one date and all others: ten years are no holiday


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """A column read. days: null where empty or wrong; wrong: (position, text, why); note: how it was decided."""

    days: pl.Series
    wrong: tuple[tuple[int, str, str], ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class _Parts:
    """A date as written: a and b are day and month in an order that the column decides; None where the order is known."""

    text: str
    year: int
    digits: int
    month: int = 0
    day: int = 0
    a: int | None = None
    b: int = 0
    dotted: bool = False


def days_of(values: pl.Series) -> Days:
    """A column of dates, datetimes or text."""
    if values.dtype == pl.Date:
        return _plausible(Days(values))
    if isinstance(values.dtype, pl.Datetime):
        return _plausible(Days(values.dt.date()))
    if values.dtype.is_integer():  # 20240325
        values = values.cast(pl.String)
    if values.dtype != pl.String:
        wrong = tuple((int(i), str(values[int(i)]), "is no date") for i in values.is_not_null().arg_true()[:3])
        return Days(pl.Series(values.name, [None] * len(values), dtype=pl.Date), wrong)
    iso = values.str.to_date("%Y-%m-%d", strict=False)
    if iso.null_count() == values.null_count():
        return _plausible(Days(iso))
    text = values.str.strip_chars()
    text = text.set((text == "").fill_null(False), None)
    distinct = text.unique(maintain_order=True).drop_nulls().to_list()
    found, why, note = read_days(distinct)
    days = text.replace_strict(list(found), list(found.values()), return_dtype=pl.Date, default=None) if found else iso
    return _plausible(Days(days, _placed(text, why), note))


def read_days(texts: Sequence[str]) -> tuple[dict[str, date | None], dict[str, str], str | None]:
    """Distinct texts of one column: the day of each, why those that are none are none, and how it was decided."""
    parts = {text: _parts(text) for text in texts}
    wrong = {text: _why_none(text) for text, found in parts.items() if found is None}
    known = [found for found in parts.values() if found is not None]
    day_first, why, note = _order([found for found in known if found.a is not None])
    wrong |= why
    days: dict[str, date | None] = dict.fromkeys(texts)
    for found in known:
        if found.text in wrong:
            continue
        day, said = _day(found, day_first)
        if day is None:
            wrong[found.text] = said
        days[found.text] = day
    return days, wrong, note or _century(known)


def _why_none(text: str) -> str:
    counted = text.isascii() and text.isdigit() and len(text) == 5  # 45293 is 2024-01-02
    return "is a spreadsheet's count of days: show the column as dates and save it again" if counted else "is no date"


def _parts(text: str) -> _Parts | None:
    if match := YEAR_FIRST.match(text):
        return _Parts(text, int(match["y"]), 4, int(match["m"]), int(match["d"]))
    if match := IN_PARTS.match(text):
        return _Parts(text, int(match["y"]), len(match["y"]), a=int(match["a"]), b=int(match["b"]), dotted=match["s"] == ".")
    if (match := DAY_NAMED.match(text) or MONTH_NAMED.match(text)) and match["n"].lower() in MONTHS:
        return _Parts(text, int(match["y"]), len(match["y"]), MONTHS[match["n"].lower()], int(match["d"]))
    return None


def _order(parts: Sequence[_Parts]) -> tuple[bool, dict[str, str], str | None]:
    """Whether the day comes first, what cannot be decided, and the note on what was."""
    first = next((p for p in parts if (p.a or 0) > 12), None)
    second = next((p for p in parts if p.b > 12), None)
    if first is not None and second is not None:
        return True, {second.text: f"can only have the month first, {first.text!r} of the same column only the day"}, None
    if first is not None:
        return True, {}, None if first.dotted else f"the day comes first in its dates, as {first.text} says"
    if second is not None:
        return False, {}, f"the month comes first in its dates, as {second.text} says"
    unclear = next((p for p in parts if p.a != p.b and not p.dotted), None)
    if unclear is None:
        return True, {}, None
    two = [_day(unclear, order)[0] for order in (True, False)]
    both = " or ".join(f"{day:%Y-%m-%d}" for day in two if day is not None) or "two days"
    return True, {p.text: f"may be {both}: no date of the column says whether the day or the month comes first"
                  for p in (unclear,)} | dict.fromkeys((p.text for p in parts if p is not unclear), ""), None  # fmt: skip


def _day(found: _Parts, day_first: bool) -> tuple[date | None, str]:
    year = found.year
    if found.digits == 2:
        if NEW < year < OLD:
            return None, f"may be of 19{year} or 20{year}: write its year with four digits"
        year += 2000 if year <= NEW else 1900
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None, f"is of the year {year}: a slip of a key?"
    month, day = found.month, found.day
    if found.a is not None:
        day, month = (found.a, found.b) if day_first else (found.b, found.a)
    try:
        return date(year, month, day), ""
    except ValueError:
        return None, "is no day of the calendar"


def _century(parts: Sequence[_Parts]) -> str | None:
    short = next((p for p in parts if p.digits == 2), None)
    if short is None:
        return None
    return f"years of two digits are taken for {OLD} to 99 as 19.., 00 to {NEW} as 20.. (first {short.text})"


def _placed(text: pl.Series, wrong: dict[str, str]) -> tuple[tuple[int, str, str], ...]:
    """Where each text that is no date stands first; those of which only the first is told (why is empty) are left out."""
    if not wrong:
        return ()
    at = text.is_in(list(wrong)).fill_null(False).arg_true()
    first: dict[str, int] = {}
    for i, said in zip(at.to_list(), text.gather(at).to_list(), strict=True):
        first.setdefault(said, int(i))
    return tuple(sorted((first[said], said, why) for said, why in wrong.items() if why))


def _plausible(read: Days) -> Days:
    """The same without years that no price is of, and without a day that stands ten years from all others."""
    first, last = read.days.min(), read.days.max()
    if not isinstance(first, date) or not isinstance(last, date):
        return read
    if first.year >= FIRST_YEAR and last.year <= LAST_YEAR and (last - first).days <= LONELY:
        return read
    distinct = read.days.unique().drop_nulls().sort()
    values = distinct.to_list()
    odd = [day for day in values if not FIRST_YEAR <= day.year <= LAST_YEAR]
    if not odd and len(values) >= 5:
        odd += [values[0]] * ((values[1] - values[0]).days > LONELY) + [values[-1]] * ((values[-1] - values[-2]).days > LONELY)
    if not odd:
        return read
    more = [(int((read.days == day).fill_null(False).arg_max() or 0), str(day), _oddity(day)) for day in odd]
    return replace(read, wrong=tuple(sorted((*read.wrong, *more))))


def _oddity(day: date) -> str:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        return f"is of the year {day.year}: a slip of a key?"
    return "stands more than ten years from every other date: a slip of a key?"
