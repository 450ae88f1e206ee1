"""What was done: the list, what changed between two, a report, the same again from what is stored."""

from __future__ import annotations

from portopt.domain.run import RunStatus
from portopt.doors.console.addresses import asked_for, next_page
from portopt.doors.console.seen import Page, Redirect, Seen, Sent

FILTERS = ("portfolio_id", "kind", "status", "since", "until")
KINDS = (
    *("rebalance", "optimize", "frontier", "factors", "risk", "alternatives", "edit", "what_if"),
    *("backtest", "walk_forward", "comparison"),
)
STATUSES = tuple(status.value for status in RunStatus)


async def runs(seen: Seen) -> Page:
    found = await seen.asking.of("list_runs", asked=asked_for(seen, FILTERS))
    given = {"runs": found["runs"], "next": next_page(seen, found["next_cursor"]), "kinds": KINDS, "statuses": STATUSES}
    return Page("runs.html", {**given, "asked": {name: seen.query.get(name, "") for name in FILTERS}})


async def difference(seen: Seen) -> Page | Redirect:
    """From one run to another. Until both are named there is nothing to compare."""
    first, second = seen.query.get("a", ""), seen.query.get("b", "")
    if not first or not second:
        return Redirect("/console/runs", said="two_needed")
    found = await seen.asking.of("compare_runs", {"run_id": first, "other": second})
    return Page("runs_difference.html", {"found": found, "data": found["data"], "decision": found.get("decision")})


async def report(seen: Seen) -> Sent:
    return Sent(await seen.asking.whole("get_report", {"run_id": seen.place["run_id"]}))


async def replay(seen: Seen) -> Page:
    found = await seen.asking.of("replay_run", {"run_id": seen.place["run_id"]})
    return Page("replay_part.html" if seen.is_part else "replay.html", {"found": found})
