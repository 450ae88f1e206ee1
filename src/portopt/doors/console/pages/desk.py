"""All portfolios."""

from __future__ import annotations

from portopt.doors.console.seen import Page, Seen


async def desk(seen: Seen) -> Page:
    found = await seen.asking.of("list_portfolios", asked=dict(seen.query))
    return Page("desk.html", {"portfolios": found["portfolios"]})
