"""Several portfolios are to be rebalanced: what would be asked, then a wave of it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from portopt.doors.console.asking import Refused
from portopt.doors.console.screens import ROOT
from portopt.doors.console.seen import Page, Redirect, Seen

CHOSEN: Final = "p."  # before a portfolio's id, in the names of what a form sends


async def preview(seen: Seen) -> Page:
    """Those that were chosen on the desk, as they stand now."""
    return await _preview(seen, seen.query, secrets.token_urlsafe(16))


async def _preview(seen: Seen, given: Mapping[str, str], key: str, problem: Mapping[str, Any] | None = None) -> Page:
    names = chosen(given)
    lines = [line for line in await _lines(seen, set(names)) if line["portfolio_id"] in names]
    policies = await seen.asking.of("list_policies", asked={"limit": "200"})
    told = {"lines": lines, "policies": policies["policies"], "key": key, "given": given, "problem": problem}
    status = 200 if problem is None else int(problem.get("status", 422))
    return Page("propose.html", told, status)


async def _lines(seen: Seen, wanted: set[str]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    cursor = ""
    while wanted:
        page = await seen.asking.of("desk", asked={"limit": "500", "cursor": cursor})
        found += [line for line in page["portfolios"] if line["portfolio_id"] in wanted]
        cursor = page["next_cursor"]
        if not cursor or len(found) == len(wanted):
            break
    return found


def chosen(given: Mapping[str, str]) -> list[str]:
    """The portfolios that a form names.

    >>> chosen({"p.alder": "on", "cause": "p.x"})
    ['alder']
    """
    return [name.removeprefix(CHOSEN) for name in given if name.startswith(CHOSEN)]


async def start(seen: Seen) -> Page | Redirect:
    """The wave on record; what is refused is told beside what was filled in."""
    form = seen.form
    body = {
        "cause": form.get("cause", "").strip(),
        "portfolios": chosen(form),
        "policy": form.get("policy") or None,
        "deadline": form.get("deadline", "").strip() or None,
        "zone": seen.reader.zone,
        "await_approval": form.get("await_approval") == "on",
    }
    key = form.get("key", "")
    try:
        wave = await seen.asking.of("create_wave", body=body, key=key or None)
    except Refused as refused:
        return await _preview(seen, form, key, refused.problem)
    return Redirect(f"{ROOT}/waves/{quote(wave['wave_id'], safe='')}", said="wave_begun")
