"""When an exchange is open, and what is said of a calendar or a day that there is none of."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from portopt.adapters.providers.exchange_calendar import is_trading_day
from portopt.domain.errors import RequestError

NEW_YEARS_EVE = datetime(2024, 12, 31, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "open_"),
    [(date(2024, 12, 24), True), (date(2024, 12, 25), False), (date(2024, 12, 28), False), (None, True)],
    ids=["half a day", "Christmas", "Saturday", "today in New York"],
)
def test_a_day_is_a_session_or_not(day, open_):
    assert is_trading_day("XNYS", day, NEW_YEARS_EVE) is open_


@pytest.mark.parametrize("name", ["XXXX", "", "x\x1b"])
def test_a_calendar_that_nobody_knows_is_refused_by_the_settings_name(name):
    with pytest.raises(RequestError, match="there is no exchange calendar") as caught:
        is_trading_day(name, None, NEW_YEARS_EVE)
    assert caught.value.field == "PORTOPT_CALENDAR"


@pytest.mark.parametrize("day", [date(1500, 1, 1), date(1950, 1, 3), date(9999, 12, 31)])
def test_a_day_beyond_the_calendar_is_refused(day):
    with pytest.raises(RequestError, match="does not reach"):
        is_trading_day("XNYS", day, NEW_YEARS_EVE)
