"""What released proposals expected, beside what came."""

from __future__ import annotations

from portopt.doors.console.seen import Page, Seen

COMPARED = ("return", "volatility", "tracking_error", "cost", "without_it")


async def afterwards(seen: Seen) -> Page:
    """Of one portfolio where one is named, every proposal of the past year; else who there is."""
    portfolio_id = seen.query.get("portfolio_id", "")
    listed = (await seen.asking.of("list_portfolios", asked={"limit": "500"}))["portfolios"]
    given = {"portfolios": [one["portfolio_id"] for one in listed], "portfolio_id": portfolio_id, "compared": COMPARED}
    if not portfolio_id:
        return Page("afterwards.html", {**given, "proposals": []})
    found = await seen.asking.of("list_afterwards", {"portfolio_id": portfolio_id})
    return Page("afterwards.html", {**given, "proposals": found["proposals"]})


async def of_run(seen: Seen) -> Page:
    found = await seen.asking.of("get_afterwards", {"run_id": seen.place["run_id"]})
    given = {"portfolios": [], "portfolio_id": found["portfolio_id"], "compared": COMPARED}
    return Page("afterwards.html", {**given, "proposals": [found]})
