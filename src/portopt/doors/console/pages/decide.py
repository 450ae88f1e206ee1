"""A person's decision about a proposal, and what was decided before."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from portopt.domain.approval import DECISIONS, REASONS
from portopt.domain.errors import InvalidValue
from portopt.doors.console.asking import Refused
from portopt.doors.console.reader import Reader
from portopt.doors.console.screens import ROOT
from portopt.doors.console.seen import Page, Redirect, Seen


async def standing(seen: Seen, run: Mapping[str, Any]) -> dict[str, Any]:
    """How a proposal stands with those who decide: its line among what waits, whether it is theirs, and the history.

    is_theirs: False where somebody else has to approve it, because who looks proposed it or approved it already.
    """
    history, line, is_theirs = await asyncio.gather(
        seen.asking.maybe("list_decisions", {"run_id": run["run_id"]}), _line(seen, run), _line(seen, run, mine="true")
    )
    return {
        "history": history,
        "line": line,
        "is_theirs": line is None or is_theirs is not None,
        "reasons": REASONS,
        "key": secrets.token_urlsafe(16),
        "refused": None,
        "said": {},
    }


async def _line(seen: Seen, run: Mapping[str, Any], **only: str) -> dict[str, Any] | None:
    """Of what waits for a person, this one; None where it does not wait, or not for who looks."""
    if run["status"] != "awaiting_approval":
        return None
    found = await seen.asking.maybe("list_approvals", asked={"portfolio_id": run["portfolio_id"], **only})
    lines = [] if found is None else found["approvals"]
    return next((line for line in lines if line["run_id"] == run["run_id"]), None)


async def deciding(seen: Seen) -> Page:
    """The form, and the history below."""
    run = await seen.asking.of("get_run", {"run_id": seen.place["run_id"]})
    return Page("decide.html", {"run": run, **await standing(seen, run)})


async def decide(seen: Seen) -> Page | Redirect:
    """Back to the proposal once it is decided; where it is refused, the form with what was written and why."""
    run_id, form = seen.place["run_id"], seen.form
    place = {"run_id": run_id}
    try:
        await seen.asking.of("decide", place, body=decision_of(form, seen.reader), key=form.get("key"))
    except Refused as refused:
        run = await seen.asking.of("get_run", place)
        told = {**await standing(seen, run), "refused": refused.problem, "said": form}
        return Page("decide.html", {"run": run, **told}, status=refused.status)
    return Redirect(f"{ROOT}/runs/{quote(run_id)}", said=f"decided_{form['decision']}")


def decision_of(form: Mapping[str, str], reader: Reader) -> dict[str, Any]:
    """What the form says, as the operation reads it. Raises InvalidValue."""
    decision = form.get("decision", "")
    if decision not in DECISIONS:
        raise InvalidValue("decision", decision, "is no decision", fix=f"send one of: {', '.join(DECISIONS)}")
    body: dict[str, Any] = {"decision": decision}
    body |= {name: form[name] for name in ("reason", "note") if form.get(name, "").strip()}
    if decision == "hold":
        body["until"] = _instant(form.get("until", ""), reader)
    version = form.get("holdings_version", "")
    return {**body, "holdings_version": int(version)} if version.isascii() and version.isdigit() else body


def _instant(written: str, reader: Reader) -> str:
    """Of a field for a date and a time, in the reader's zone."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise InvalidValue("until", written, "is no date and time", fix="say until when it is held") from None
    local = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(reader.zone))
    return local.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
