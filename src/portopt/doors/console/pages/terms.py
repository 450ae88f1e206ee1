"""One objective, limit, cost or risk measure, in full."""

from __future__ import annotations

from portopt.doors.console.seen import Page, Seen


async def term(seen: Seen) -> Page:
    place = {"catalog": seen.place["catalog"], "name": seen.place["name"]}
    return Page("term.html", {"term": await seen.asking.of("get_term", place)})
