"""When an exchange is open, from the exchange_calendars package."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from portopt.domain.errors import RequestError


def is_trading_day(calendar: str, day: date | None, now: datetime) -> bool:
    """Whether `calendar` (an exchange_calendars name, such as XNYS) has a session on `day`.

    day: None is today as the exchange counts days: at 20:30 in New York it is tomorrow in UTC.
    """
    import exchange_calendars
    from exchange_calendars.errors import InvalidCalendarName

    try:
        found = exchange_calendars.get_calendar(calendar)
        day = day or now.astimezone(found.tz).date()
        return bool(found.is_session(day.isoformat()))
    except InvalidCalendarName:
        raise _unknown(calendar) from None
    except (ValueError, OverflowError) as error:
        raise _out_of_reach(calendar, day, error) from None


def today(calendar: str, now: datetime) -> date:
    """The day as the exchange counts days. Raises RequestError for a calendar that nobody knows."""
    import exchange_calendars
    from exchange_calendars.errors import InvalidCalendarName

    try:
        found: date = now.astimezone(exchange_calendars.get_calendar(calendar).tz).date()
        return found
    except InvalidCalendarName:
        raise _unknown(calendar) from None


def next_session(calendar: str, day: date) -> date:
    """The first session of `calendar` after a day; an exchange announces its holidays. Raises RequestError."""
    import exchange_calendars
    from exchange_calendars.errors import InvalidCalendarName

    try:
        after = (day + timedelta(days=1)).isoformat()
        session: date = exchange_calendars.get_calendar(calendar).date_to_session(after, "next").date()
        return session
    except InvalidCalendarName:
        raise _unknown(calendar) from None
    except (ValueError, OverflowError) as error:
        raise _out_of_reach(calendar, day, error) from None


def sessions_over(calendar: str, since: date, now: datetime) -> tuple[date, ...]:
    """The sessions of `calendar` from a day on whose market has closed by `now`, ascending. Raises RequestError."""
    import exchange_calendars
    from exchange_calendars.errors import InvalidCalendarName

    until = now.date() + timedelta(days=1)
    try:
        closes = exchange_calendars.get_calendar(calendar).closes[since.isoformat() : until.isoformat()]
    except InvalidCalendarName:
        raise _unknown(calendar) from None
    except (ValueError, OverflowError) as error:
        raise _out_of_reach(calendar, since, error) from None
    return tuple(session.date() for session, close in zip(closes.index, closes.array, strict=True) if close <= now)


def _unknown(calendar: str) -> RequestError:
    return RequestError(
        f"there is no exchange calendar {calendar!r}",
        field="PORTOPT_CALENDAR",
        value=calendar,
        fixes=["use a name of exchange_calendars, such as XNYS, XLON or XETR"],
    )


def _out_of_reach(calendar: str, day: date | None, error: Exception) -> RequestError:
    return RequestError(f"calendar {calendar} does not reach {day}: {error}", field="as_of", value=str(day))
