"""When a gain is long: a year of the calendar with its leap days, or days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portopt.domain.tax import LongAfter, TaxRules, Term
from portopt.taxation.holding_period import age_in_days, long_from, term_of

YEAR = TaxRules("a year", 0.37, 0.2, LongAfter(months=12))
DAYS = TaxRules("365 days", 0.37, 0.2, LongAfter(days=365))


# IRS Publication 550, "Holding Period": begin to count on the day after the purchase; the same date of each following month is
# the beginning of a new month. Rev. Rul. 66-7: bought on the last day of a month, long from the first day of a month.
@pytest.mark.parametrize(
    ("bought", "sold", "term"),
    [
        ("2024-02-05", "2025-02-05", "short"),  # the last day of the year that began on 6 February
        ("2024-02-05", "2025-02-06", "long"),
        ("2024-02-29", "2025-02-28", "short"),  # the year began on 1 March
        ("2024-02-29", "2025-03-01", "long"),
        ("2024-02-28", "2025-02-28", "short"),  # it began on 29 February, and 2025 has none: over at the end of the 28th
        ("2024-02-28", "2025-03-01", "long"),
        ("2023-02-28", "2024-02-29", "short"),  # it began on 1 March: a leap day is the last of it
        ("2023-02-28", "2024-03-01", "long"),
        ("2023-03-01", "2024-03-01", "short"),
        ("2023-12-31", "2024-12-31", "short"),
        ("2023-12-31", "2025-01-01", "long"),
        ("2026-12-01", "2026-12-01", "short"),
    ],
)
def test_a_year_of_the_calendar(bought: str, sold: str, term: Term) -> None:
    assert term_of(date.fromisoformat(bought), date.fromisoformat(sold), YEAR) == term


def test_365_days_are_a_day_less_than_a_year_with_a_leap_day() -> None:
    bought = date(2023, 6, 1)
    assert term_of(bought, bought + timedelta(days=365), DAYS) == "short"
    assert term_of(bought, bought + timedelta(days=366), DAYS) == "long"
    assert term_of(bought, date(2024, 6, 1), DAYS) == "long"  # 366 days, and a year to the day
    assert term_of(bought, date(2024, 6, 1), YEAR) == "short"


def test_nobody_knows_when_is_the_dearer_term() -> None:
    assert term_of(None, date(2026, 12, 1), YEAR) == "short"


def test_where_every_gain_is_alike_there_is_one_term() -> None:
    assert term_of(date(1999, 1, 1), date(2026, 12, 1), TaxRules("flat", 0.25, 0.25)) == "short"


def test_the_first_long_day_of_every_day_of_four_years() -> None:
    """A calendar of its own: the year is over on the day before the one of the same name, or of the next one that there is."""
    for i in range(4 * 365 + 1):
        bought = date(2023, 1, 1) + timedelta(days=i)
        begins, year = bought + timedelta(days=1), timedelta(days=1)
        same_name = [d for n in range(360, 370) if (d := begins + n * year) and (d.month, d.day) >= (begins.month, begins.day)]
        expected = next(d for d in same_name if d.year == begins.year + 1)
        assert long_from(bought, LongAfter(months=12)) == expected, bought


def test_months_that_have_no_such_day_end_with_their_last() -> None:
    assert long_from(date(2026, 1, 30), LongAfter(months=1)) == date(2026, 3, 1)
    assert long_from(date(2026, 7, 30), LongAfter(months=6)) == date(2027, 1, 31)


def test_age_counts_the_day_of_the_sale_and_not_that_of_the_purchase() -> None:
    assert age_in_days(date(2024, 2, 28), date(2024, 3, 1)) == 2
    assert age_in_days(date(2024, 2, 28), date(2024, 2, 28)) == 0
