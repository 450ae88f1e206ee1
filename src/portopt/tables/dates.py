"""A column of text to days: the whole column decides whether the day or the month comes first, and which century is meant.

    2024-03-25   2024/3/25   20240325   25-Mar-2024   Mar 25, 2024      one meaning
    25/03/2024   03/25/2024                                             a number over 12 in the column says which is the day
    25-03-24                                                            25 March 2024 or 24 March 2025: only one is in order
    25.03.2024                                                          a day first, wherever points are written
    25.03.99     25.03.00                                               70 to 99 are 19.., 00 to 39 are 20.., the rest is asked

What follows a day (a time, a zone) is left off. Years outside 1800 to 2099 are slips of a key.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

import polars as pl

FIRST_YEAR, LAST_YEAR = 1800, 2099
NEW, OLD = 39, 70  # two digits: up to NEW is 20.., from OLD on is 19..
MONTHS = {name.lower(): i for names in (calendar.month_abbr, calendar.month_name) for i, name in enumerate(names) if name}
REST = r"(?:[T ,].*)?$"
YEAR_FIRST = re.compile(r"^(?P<y>[0-9]{4})(?P<s>[-/.]?)(?P<m>[0-9]{2}|(?<=[-/.])[0-9])(?P=s)(?P<d>[0-9]{1,2})" + REST)
IN_PARTS = re.compile(r"^(?P<a>[0-9]{1,2})(?P<s>[-/.])(?P<b>[0-9]{1,2})(?P=s)(?P<y>[0-9]{4}|[0-9]{2})" + REST)
DAY_NAMED = re.compile(r"^(?P<d>[0-9]{1,2})[-/. ]+(?P<n>[A-Za-z]{3,9})[-/., ]+(?P<y>[0-9]{4}|[0-9]{2})" + REST)
MONTH_NAMED = re.compile(r"^(?P<n>[A-Za-z]{3,9})\.?[-/ ]+(?P<d>[0-9]{1,2})[-/, ]+(?P<y>[0-9]{4}|[0-9]{2})" + REST)
EPOCH = date(1970, 1, 1)
FULL = (date(1000, 1, 1) - EPOCH).days  # a year before this was written with fewer than four digits
FIRST_DAY, LAST_DAY = (date(FIRST_YEAR, 1, 1) - EPOCH).days, (date(LAST_YEAR, 12, 31) - EPOCH).days
MOST_TOLD = 100
ORDERS = ("dmy", "mdy", "ymd")
FIRST = {
    "dmy": "the day comes first in its dates",
    "mdy": "the month comes first in its dates",
    "ymd": "the year comes first in its dates",
}
ENOUGH = 8  # dates that are in order by chance one time in 40,320
LONELY = 3653  # days between one date and all others: ten years are no holiday


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """A column read. days: null where empty or wrong; wrong: (position, text, why); note: how it was decided."""

    days: pl.Series
    wrong: tuple[tuple[int, str, str], ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class _Parts:
    """A date as written. known: month and day where there is one reading; else the column says what the numbers are."""

    text: str
    year: str = ""
    known: tuple[int, int] | None = None
    a: str = ""
    b: str = ""
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
    first = iso.to_physical().min()
    if iso.null_count() == values.null_count() and (not isinstance(first, int) or first >= FULL):
        return _plausible(Days(iso))
    text = values.str.strip_chars()
    text = text.set((text == "").fill_null(False), None)
    distinct = text.unique(maintain_order=True).drop_nulls().to_list()
    found, why, note = read_days(distinct)
    days = text.replace_strict(list(found), list(found.values()), return_dtype=pl.Date, default=None) if found else iso
    return _plausible(Days(days, _placed(text, why), note))


def read_days(texts: Sequence[str]) -> tuple[dict[str, date | None], dict[str, str], str | None]:
    """Distinct texts of one column, in its order: the day of each, why those that are none are none, and how it was decided."""
    parts = {text: _parts(text) for text in texts}
    wrong = {text: _why_none(text) for text, found in parts.items() if found is None}
    known = [found for found in parts.values() if found is not None]
    order, why, note = _order([found for found in known if found.known is None])
    wrong |= why
    days: dict[str, date | None] = dict.fromkeys(texts)
    for found in known:
        if found.text in wrong:
            continue
        day, said = _day(found, order)
        if day is None:
            wrong[found.text] = said
        days[found.text] = day
    return days, wrong, "; ".join(said for said in (note, _century(known, order)) if said) or None


def _why_none(text: str) -> str:
    counted = text.isascii() and text.isdigit() and len(text) == 5  # 45293 is 2024-01-02
    return "is a spreadsheet's count of days: show the column as dates and save it again" if counted else "is no date"


def _parts(text: str) -> _Parts | None:
    if match := YEAR_FIRST.match(text):
        return _Parts(text, match["y"], (int(match["m"]), int(match["d"])))
    if match := IN_PARTS.match(text):
        return _Parts(text, match["y"], None, match["a"], match["b"], match["s"] == ".")
    if (match := DAY_NAMED.match(text) or MONTH_NAMED.match(text)) and match["n"].lower() in MONTHS:
        return _Parts(text, match["y"], (MONTHS[match["n"].lower()], int(match["d"])))
    return None


def _order(parts: Sequence[_Parts]) -> tuple[str, dict[str, str], str | None]:
    """Which number is the day (d), month (m), year (y); what cannot be decided; the note on what was."""
    parts = [p for p in parts if any(_fits(p, order) for order in ORDERS)]  # the others are told where they are read
    if not parts:
        return "dmy", {}, None
    against = {order: next((p for p in parts if not _fits(p, order)), None) for order in ORDERS}
    left = [order for order in ORDERS if against[order] is None]
    if not left:
        day, month = against["mdy"], against["dmy"]
        if day is None or month is None:
            return "dmy", {}, None
        return "dmy", {month.text: f"can only have the month first, {day.text!r} of the same column only the day"}, None
    if len(left) > 1 and all(p.dotted for p in parts):
        return ("dmy" if "dmy" in left else left[0]), {}, None
    if len(left) > 1:
        return _by_sequence(parts, left)
    decisive = against["mdy" if left[0] == "dmy" else "dmy"]
    return left[0], {}, None if decisive is None or decisive.dotted else f"{FIRST[left[0]]}, as {decisive.text} says"


def _fits(p: _Parts, order: str) -> bool:
    """Whether these three numbers can be that."""
    a, b = int(p.a), int(p.b)
    if order == "ymd":
        return len(p.a) == 2 == len(p.year) and not p.dotted and 1 <= b <= 12 and 1 <= int(p.year) <= 31
    return 1 <= a <= 31 and 1 <= b <= 12 if order == "dmy" else 1 <= a <= 12 and 1 <= b <= 31


def _by_sequence(parts: Sequence[_Parts], left: Sequence[str]) -> tuple[str, dict[str, str], str | None]:
    """Several readings fit every cell: alike, or only one of them in order, or not to be decided."""
    read = {order: [_day(p, order)[0] for p in parts] for order in left}
    if all(days == read[left[0]] for days in read.values()):
        return left[0], {}, None
    ordered = [order for order in left if len(parts) >= ENOUGH and _in_order(read[order])]
    if len(ordered) == 1:
        return ordered[0], {}, f"{FIRST[ordered[0]]}: only so are they in order"
    at = next(i for i in range(len(parts)) if len({days[i] for days in read.values()}) > 1)
    both = " or ".join(dict.fromkeys(f"{days[at]:%Y-%m-%d}" for days in read.values() if days[at] is not None))
    unclear = {p.text: "" for p in parts}
    unclear[parts[at].text] = f"may be {both}: no date of the column says which number is the day"
    return left[0], unclear, None


def _in_order(days: Sequence[date | None]) -> bool:
    known = [day for day in days if day is not None]
    rising = list(pairwise(known))
    return len(known) == len(days) and (all(a < b for a, b in rising) or all(a > b for a, b in rising))


def _day(found: _Parts, order: str) -> tuple[date | None, str]:
    written = found.a if found.known is None and order == "ymd" else found.year
    year = int(written)
    if len(written) == 2:
        if NEW < year < OLD:
            return None, f"may be of 19{year} or 20{year}: write its year with four digits"
        year += 2000 if year <= NEW else 1900
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None, f"is of the year {year}: a slip of a key?"
    month, day = found.known or {
        "dmy": (found.b, found.a), "mdy": (found.a, found.b), "ymd": (found.b, found.year),
    }[order]  # fmt: skip
    try:
        return date(year, int(month), int(day)), ""
    except ValueError:
        return None, "is no day of the calendar"


def _century(parts: Sequence[_Parts], order: str) -> str | None:
    short = next((p for p in parts if len(p.year) == 2), None)
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
    numbers = read.days.to_physical()  # a typed column may hold years that Python's dates do not have
    first, last = numbers.min(), numbers.max()
    if not isinstance(first, int) or not isinstance(last, int):
        return read
    if first >= FIRST_DAY and last <= LAST_DAY and last - first <= LONELY:
        return read
    values = numbers.unique().drop_nulls().sort().to_list()
    odd = [day for day in values if not FIRST_DAY <= day <= LAST_DAY]
    if not odd and len(values) >= 5:
        odd += [values[0]] * (values[1] - values[0] > LONELY) + [values[-1]] * (values[-1] - values[-2] > LONELY)
    if not odd:
        return read
    more = [(int((numbers == day).fill_null(False).arg_max() or 0), *_oddity(day)) for day in odd[:MOST_TOLD]]
    known = read.days.set((numbers < FIRST_DAY).fill_null(False) | (numbers > LAST_DAY).fill_null(False), None)
    return replace(read, days=known, wrong=tuple(sorted((*read.wrong, *more))))


def _oddity(day: int) -> tuple[str, str]:
    """What stood there, and what is wrong with it."""
    if FIRST_DAY <= day <= LAST_DAY:
        return str(EPOCH + timedelta(days=day)), "stands more than ten years from every other date: a slip of a key?"
    year = 1970 + round(day / 365.2425 - 0.5)
    if -700_000 < day < 2_900_000:
        text = str(EPOCH + timedelta(days=day))
        return text, f"is of the year {int(text[:4])}: a slip of a key?"
    return f"a day in the year {year}", f"is of the year {year}: a slip of a key?"
