"""The choices beside a proposal, compared, and the one that somebody wants instead."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from portopt.domain.errors import InvalidValue
from portopt.doors.console.screens import ROOT
from portopt.doors.console.seen import Page, Redirect, Seen

HOURS: Final = (24, 4, 72, 168)  # the usual one first


async def alternatives(seen: Seen) -> Page:
    """Solved, or read again where the address names the answer. State: the answer, and which of its cards is looked at."""
    run = await seen.asking.of("get_run", {"run_id": seen.place["run_id"]})
    found = await _found(seen, run)
    chosen = _chosen(found["alternatives"], seen.query.get("alternative"), run["run_id"])
    given = {"run": run, "found": found, "chosen": chosen, "currency": found["currency"], "key": secrets.token_urlsafe(16)}
    if not seen.is_part:
        saved = await seen.asking.maybe("list_saved_choices", {"portfolio_id": run["portfolio_id"]})
        return Page("alternatives.html", {**given, "saved": [] if saved is None else saved["saved"]})
    if seen.query.get("inside") == "proposal":
        return Page("alternatives_part.html", {**given, "inside": "proposal"})
    state = urlencode({"choice": found.get("choice_id") or "", "alternative": "" if chosen is None else chosen["name"]})
    return Page("alternatives_part.html", {**given, "inside": ""}, state=f"{seen.path}?{state}")


async def keep(seen: Seen) -> Redirect:
    """The chosen one becomes a proposal of its own, or is saved under a name."""
    form = seen.form
    named = form.get("alternative", "")
    return await kept(seen, form.get("choice", ""), {"alternative": named} if named else {})


async def kept(seen: Seen, choice_id: str, which: Mapping[str, str]) -> Redirect:
    """What a form does with an answer: propose it, or save it. which: names one of its alternatives, where it has any."""
    form, place = seen.form, {"choice_id": choice_id}
    if form.get("what") == "save":
        body = {**which, "name": form.get("name", ""), "note": form.get("note", "")}
        await seen.asking.of("save_choice", place, body=body, key=form.get("key"))
        return Redirect(f"{ROOT}/runs/{quote(seen.place['run_id'])}/alternatives", said="choice_saved")
    if form.get("what") != "propose":
        raise InvalidValue("what", form.get("what", ""), "is neither propose nor save", fix="send one of the two")
    asked = {**which, "approval_hours": _hours(form.get("hours", ""))}
    made = await seen.asking.of("propose_choice", place, body=asked, key=form.get("key"))
    return Redirect(f"{ROOT}/runs/{quote(made['run_id'])}", said="proposed")


def _hours(written: str) -> int:
    """How long a person may take to approve. Raises InvalidValue."""
    if written not in map(str, HOURS):
        raise InvalidValue("hours", written, "is none of those that are offered", fix=f"send one of: {HOURS}")
    return int(written)


async def _found(seen: Seen, run: Mapping[str, Any]) -> dict[str, Any]:
    if choice_id := seen.query.get("choice"):
        return await seen.asking.of("get_choice", {"choice_id": choice_id})
    place = {"portfolio_id": run["portfolio_id"]}
    return await seen.asking.of("alternatives", place, body={"run_id": run["run_id"]})


def _chosen(cards: list[dict[str, Any]], wanted: str | None, run_id: str) -> dict[str, Any] | None:
    """The card that is looked at: the one that is wanted, or else the proposal's own."""
    by_name = {card["name"]: card for card in cards}
    own = next((card for card in cards if card["run_id"] == run_id), None)
    return by_name.get(wanted or "", own)
