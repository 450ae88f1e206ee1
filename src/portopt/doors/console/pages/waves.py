"""Proposals for many portfolios from one cause: the waves, one while it is worked out, and one decision about its proposals."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from portopt.domain.approval import REASONS
from portopt.domain.wave import ItemState
from portopt.doors.console.addresses import asked_for, next_page
from portopt.doors.console.asking import Refused
from portopt.doors.console.seen import Page, Part, Redirect, Seen, Stream

STATES = tuple(state.value for state in ItemState)
FILTERS = ("state",)
MOST_ITEMS, MOST_ASSETS = "500", 500
LEFT, LEFT_TOO = "except.", "except_too"  # fields: a portfolio that is ticked, others by commas
WAITS = ("awaiting", "held")  # of an approval
DECISIONS = ("approve", "request_changes", "reject")


async def waves(seen: Seen) -> Page:
    found = await seen.asking.of("list_waves", asked=asked_for(seen, ()))
    return Page("waves.html", {"waves": found["waves"], "next": next_page(seen, found["next_cursor"])})


async def wave(seen: Seen) -> Page:
    """How far it is, its items of the states that the address names, what is traded in all, and what may be decided."""
    return await _shown(seen, None, {})


async def events(seen: Seen) -> Stream:
    async def look(now: Seen) -> Part:
        told = await _told(now)
        return Part(Page("wave_progress.html", told), told["wave"]["ended_at"] is not None)

    await seen.asking.of("get_wave", _place(seen))
    return Stream(look, seconds=1.0)


async def cancel(seen: Seen) -> Redirect:
    await seen.asking.of("cancel_wave", _place(seen), body={}, key=seen.form.get("key") or None)
    return Redirect(seen.path.rpartition("/")[0], said="cancelled")


async def decide(seen: Seen) -> Page:
    """What became of each; where it is refused, the page with what was written and why."""
    try:
        done = await seen.asking.of("decide_wave", _place(seen), body=decision_of(seen.form), key=seen.form.get("key") or None)
    except Refused as refused:
        return await _shown(seen, refused.problem, seen.form)
    found = await seen.asking.of("get_wave", _place(seen))
    return Page(
        "wave_decided.html", {"wave": found, "done": done, "left": [one for one in done["items"] if not one["decided"]]}
    )


def decision_of(form: Mapping[str, str]) -> dict[str, Any]:
    """The body: who is ticked, and who is named, is left out."""
    ticked = [name.removeprefix(LEFT) for name in form if name.startswith(LEFT)]
    named = [name.strip() for name in form.get(LEFT_TOO, "").split(",") if name.strip()]
    body: dict[str, Any] = {"decision": form.get("decision", ""), "except": [*ticked, *named]}
    return body | {name: form[name] for name in ("reason", "note") if form.get(name)}


async def _shown(seen: Seen, refused: Mapping[str, Any] | None, said: Mapping[str, str]) -> Page:
    told, trades = await asyncio.gather(_told(seen), seen.asking.of("list_wave_trades", _place(seen)))
    about = {"trades": trades, "most_assets": MOST_ASSETS, "reasons": REASONS, "decisions": DECISIONS}
    given = {**told, **about, "refused": refused, "said": said, "waiting": waiting(told["items"])}
    return Page("wave.html", given, 200 if refused is None else refused["status"])


def waiting(items: Iterable[Mapping[str, Any]]) -> list[str]:
    """The portfolios whose proposal waits for a person."""
    return [item["portfolio_id"] for item in items if (item["approval"] or {}).get("state") in WAITS]


async def _told(seen: Seen) -> dict[str, Any]:
    asked = {"limit": MOST_ITEMS, **asked_for(seen, FILTERS)}
    found, items = await asyncio.gather(
        seen.asking.of("get_wave", _place(seen)), seen.asking.of("list_wave_items", _place(seen), asked)
    )
    path, chosen = f"/console/waves/{quote(found['wave_id'])}", seen.query.get("state", "")
    tiles = {state: path if state == chosen else f"{path}?state={state}" for state in STATES}
    given = {"wave": found, "items": items["items"], "next": next_page(seen, items["next_cursor"]), "tiles": tiles}
    return {**given, "state": chosen, "decides": False, "key": secrets.token_urlsafe(16)}


def _place(seen: Seen) -> dict[str, str]:
    return {"wave_id": seen.place["wave_id"]}
