"""One trade, and one limit: why it is as it is, and what another answer would cost."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from portopt.domain.errors import UnknownThing
from portopt.doors.console.pages.trades import priced
from portopt.doors.console.seen import Page, Seen

MOST_MOVED = 12
STILL = 1e-9


async def trade(seen: Seen) -> Page:
    """What the document says of it; what is solved for it comes after, as a part of the page."""
    run, document = await _of(seen)
    row = _row(document, seen.place["asset_id"])
    given = {
        "run": run,
        "currency": document["currency"],
        "row": row,
        "terms": terms_of(row, {limit["limit"] for limit in document["limits"]}),
        "stopped": [priced(name, row, document["limit_prices"]) for name in row["limits"]],
        "views": views_of(document),
    }
    return Page("trade.html", given)


async def refused(seen: Seen) -> Page:
    """What changes if the trade is refused: solved again around it, at its exact price."""
    asset_id, place = seen.place["asset_id"], {"run_id": seen.place["run_id"]}
    found = await seen.asking.of("edit", place, body={"trades": {asset_id: "none"}})
    moved = [row for row in found["trades"] if abs(row["after"] - row["stands"]) > STILL][:MOST_MOVED]
    return Page("trade_solved.html", {"run_id": place["run_id"], "asset_id": asset_id, "found": found, "moved": moved})


async def limit(seen: Seen) -> Page:
    """In the path: the limit, and whose it is behind a slash."""
    run, document = await _of(seen)
    name, _, member = seen.place["limit"].partition("/")
    found = next((limit for limit in document["limits"] if limit["limit"] == name), None)
    if found is None:
        raise UnknownThing("limit", name, field="limit", fixes=["the proposal lists what binds"])
    readings = sorted(found["readings"], key=lambda reading: (not reading["binding"], reading["member"]))
    given = {
        "run": run,
        "limit": found,
        "member": member,
        "prices": [price for price in document["limit_prices"] if price["limit"] == name and member in ("", price["member"])],
        "readings": [reading for reading in readings if member in ("", reading["member"])],
        "solved": [],
    }
    return Page("limit.html", given)


def terms_of(row: Mapping[str, Any], limits: set[str]) -> list[dict[str, Any]]:
    """The terms of the marginal utility, the objective's own first. They add up to nothing at the optimum."""
    pulls = row["pulls"] or {}
    order = sorted(pulls, key=lambda name: (name in limits, -abs(pulls[name])))
    return [{"name": name, "pull": pulls[name], "is_limit": name in limits} for name in order]


def views_of(document: Mapping[str, Any]) -> list[str]:
    """As the policy writes them."""
    found = document["policy"]["estimation"].get("views") or {}
    return [f"{name}: {value}" for name, value in found.items()]


def _row(document: Mapping[str, Any], asset_id: str) -> Mapping[str, Any]:
    found = next((row for row in document["proposal"] if row["asset_id"] == asset_id), None)
    if found is None:
        raise UnknownThing("asset", asset_id, field="asset_id", fixes=["the proposal lists its assets"])
    row: Mapping[str, Any] = found
    return row


async def _of(seen: Seen) -> tuple[dict[str, Any], dict[str, Any]]:
    place = {"run_id": seen.place["run_id"]}
    run, document = await asyncio.gather(seen.asking.of("get_run", place), seen.asking.of("get_document", place))
    return run, document
