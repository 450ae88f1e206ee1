"""One trade, and one limit: why it is as it is, and what another answer would cost."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from portopt.domain.errors import UnknownThing
from portopt.doors.console.pages.trades import priced
from portopt.doors.console.seen import Page, Seen


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
    }
    return Page("trade.html", given)


async def trade_solved(seen: Seen) -> Page:
    """What is lost if it is refused, solved again; the views that bought it; what was held and wanted of it before."""
    place = {"run_id": seen.place["run_id"], "asset_id": seen.place["asset_id"]}
    return Page("trade_solved.html", {"run_id": place["run_id"], "found": await seen.asking.of("get_trade", place)})


async def limit(seen: Seen) -> Page:
    """In the path: the limit, and whose it is behind a slash."""
    run, document = await _of(seen)
    name, member = _whose(seen)
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
    }
    return Page("limit.html", given)


async def limit_solved(seen: Seen) -> Page:
    """How far its price holds, and the trades that move with it."""
    name, member = _whose(seen)
    place, asked = {"run_id": seen.place["run_id"], "name": name}, {"member": member}
    return Page("limit_solved.html", {"run_id": place["run_id"], "found": await seen.asking.of("get_limit", place, asked)})


def _whose(seen: Seen) -> tuple[str, str]:
    """(the limit, of whom): behind a slash in the path; of everybody where there is none."""
    name, _, member = seen.place["limit"].partition("/")
    return name, member


def terms_of(row: Mapping[str, Any], limits: set[str]) -> list[dict[str, Any]]:
    """The terms of the marginal utility, the objective's own first. They add up to nothing at the optimum."""
    pulls = row["pulls"] or {}
    order = sorted(pulls, key=lambda name: (name in limits, -abs(pulls[name])))
    return [{"name": name, "pull": pulls[name], "is_limit": name in limits} for name in order]


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
