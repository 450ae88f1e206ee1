"""Proposals for many portfolios from one cause: the waves, one of them while it is worked out, and what was decided of it."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any
from urllib.parse import quote

from portopt.doors.console.addresses import asked_for, next_page
from portopt.doors.console.seen import Page, Part, Redirect, Seen, Stream

STATES = ("waiting", "working", "proposed", "refused", "held", "cancelled")
FILTERS = ("state",)
MOST_ITEMS = "500"


async def waves(seen: Seen) -> Page:
    found = await seen.asking.of("list_waves", asked=asked_for(seen, ()))
    return Page("waves.html", {"waves": found["waves"], "next": next_page(seen, found["next_cursor"])})


async def wave(seen: Seen) -> Page:
    """How far it is, its items of the states that the address names, what is traded in all, and what may be decided."""
    return Page("wave.html", await _told(seen))


async def events(seen: Seen) -> Stream:
    async def look(now: Seen) -> Part:
        told = await _told(now)
        return Part(Page("wave_progress.html", told), told["wave"]["ended_at"] is not None)

    await seen.asking.of("get_wave", _place(seen))
    return Stream(look, seconds=1.0)


async def cancel(seen: Seen) -> Redirect:
    await seen.asking.of("cancel_wave", _place(seen), body={}, key=seen.form.get("key") or None)
    return Redirect(seen.path.rpartition("/")[0], said="cancelled")


async def _told(seen: Seen) -> dict[str, Any]:
    asked = {"limit": MOST_ITEMS, **asked_for(seen, FILTERS)}
    found, items = await asyncio.gather(
        seen.asking.of("get_wave", _place(seen)), seen.asking.of("list_wave_items", _place(seen), asked)
    )
    path, chosen = f"/console/waves/{quote(found['wave_id'])}", seen.query.get("state", "")
    tiles = {state: path if state == chosen else f"{path}?state={state}" for state in STATES}
    given = {"wave": found, "items": items["items"], "next": next_page(seen, items["next_cursor"]), "tiles": tiles}
    return {**given, "state": chosen, "key": secrets.token_urlsafe(16)}


def _place(seen: Seen) -> dict[str, str]:
    return {"wave_id": seen.place["wave_id"]}
