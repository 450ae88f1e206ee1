"""How long a lot was held, and whether a gain on it is short or long.

The holding period begins the day after the purchase (Rev. Rul. 66-7; IRS Publication 550, "Holding Period"), so that a year has
passed at the end of the day of the same name, and the gain is long from the day after it.
"""

from __future__ import annotations

from datetime import date, timedelta

from portopt.domain.tax import LongAfter, TaxRules, Term

MONTHS = 12


def age_in_days(acquired_on: date, on: date) -> int:
    """Days from the day after the purchase to `on`, both counted; nothing on the day of the purchase."""
    return (on - acquired_on).days


def term_of(acquired_on: date | None, sold_on: date, rules: TaxRules) -> Term:
    """Short or long. Short where the day of the purchase is not known, which is never the cheaper one.

    Short as well where the regime knows one kind of gain only: its two rates are the same.
    """
    if acquired_on is None or rules.long_after is None:
        return "short"
    return "long" if sold_on >= long_from(acquired_on, rules.long_after) else "short"


def long_from(acquired_on: date, after: LongAfter) -> date:
    """The first day on which a sale of what was bought then is long.

    >>> [str(long_from(date(*day), LongAfter(months=12))) for day in ((2024, 2, 28), (2024, 2, 29), (2023, 2, 28))]
    ['2025-03-01', '2025-03-01', '2024-03-01']
    """
    begins = acquired_on + timedelta(days=1)
    return begins + timedelta(days=after.days or 0) if after.months is None else _months_later(begins, after.months)


def _months_later(day: date, months: int) -> date:
    """The day of the same name; the first of the month after it where there is none: a period is over when its last day is."""
    year, month = divmod(day.year * MONTHS + day.month - 1 + months, MONTHS)
    try:
        return date(year, month + 1, day.day)
    except ValueError:
        year, month = divmod(year * MONTHS + month + 1, MONTHS)
        return date(year, month + 1, 1)
