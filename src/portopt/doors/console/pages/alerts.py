"""What fires, who looks after it, and who is not told of what."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from portopt.domain.errors import InvalidValue
from portopt.doors.console.addresses import asked_for, next_page
from portopt.doors.console.seen import Page, Redirect, Seen
from portopt.doors.console.writing import read_number

FILTERS = ("state", "rule", "portfolio_id")
STATES = ("firing", "unknown", "pending", "resolved")


async def alerts(seen: Seen) -> Page:
    """Open ones, or of the states that are asked for; what is silenced below."""
    found, silent = await asyncio.gather(
        seen.asking.of("list_alerts", asked=asked_for(seen, FILTERS)), seen.asking.of("list_silences")
    )
    asked = {name: seen.query.get(name, "") for name in FILTERS}
    given = {"alerts": found["alerts"], "next": next_page(seen, found["next_cursor"]), "silences": silent["silences"]}
    return Page("alerts.html", {**given, "states": STATES, "asked": asked})


async def alert(seen: Seen) -> Page:
    return Page("alert.html", {"alert": await seen.asking.of("get_alert", {"alert_id": seen.place["alert_id"]})})


async def acknowledge(seen: Seen) -> Redirect:
    await _done(seen, "acknowledge_alert", {"note": seen.form.get("note", "")})
    return _back(seen, "acknowledged")


async def close(seen: Seen) -> Redirect:
    await _done(seen, "close_alert", {"why": seen.form.get("why", "")})
    return _back(seen, "closed")


async def silence(seen: Seen) -> Redirect:
    """Of what the alert is of and its rule, for so many hours."""
    alert = await seen.asking.of("get_alert", {"alert_id": seen.place["alert_id"]})
    body = {
        "matches": {"rule": alert["rule"], **alert["of"]},
        "reason": seen.form.get("reason", ""),
        "hours": float(_hours(seen)),
    }
    await seen.asking.of("create_silence", body=body, key=seen.form.get("key") or None)
    return _back(seen, "silenced")


async def end_silence(seen: Seen) -> Redirect:
    place = {"silence_id": seen.place["silence_id"]}
    await seen.asking.of("end_silence", place, body={}, key=seen.form.get("key") or None)
    return Redirect("/console/alerts", said="told_again")


async def _done(seen: Seen, operation: str, body: dict[str, str]) -> None:
    await seen.asking.of(operation, {"alert_id": seen.place["alert_id"]}, body=body, key=seen.form.get("key") or None)


def _back(seen: Seen, said: str) -> Redirect:
    return Redirect(seen.path.rpartition("/")[0], said=said)


def _hours(seen: Seen) -> Decimal:
    given = seen.form.get("hours", "")
    found = read_number(given, seen.reader)
    if found is None:
        raise InvalidValue("hours", given, "is no number of hours")
    return found
