"""Backtests, walk-forwards and comparisons: the lists, one that is asked for, how far it is, what came out."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from portopt.domain.run import RunStatus
from portopt.doors.console.addresses import asked_for, here, next_page
from portopt.doors.console.seen import Page, Part, Redirect, Seen, Sent, Stream
from portopt.doors.console.writing import read_number

KINDS: Final = ("backtest", "walk_forward", "comparison")
LISTS: Final = {"backtest": "backtests", "walk_forward": "walk_forwards", "comparison": "comparisons"}
FILTERS = ("portfolio_id", "status")
WHEN = ("monthly", "quarterly", "yearly", "weekly", "daily")
USUAL = {"capital": "1000000", "rebalance": "monthly", "train": "504", "test": "126"}
FIGURES: Final = (
    *("total_return", "annual_return", "volatility", "sharpe", "sortino", "calmar", "max_drawdown", "var_95", "cvar_95"),
    "hit_rate",
)
SHARES = frozenset(FIGURES) - {"sharpe", "sortino", "calmar"}
DONE = ("completed", "failed", "infeasible", "cancelled")


async def backtests(seen: Seen) -> Page:
    """Of the kind that the address names."""
    kind = kind_of(seen)
    found = await seen.asking.of(f"list_{LISTS[kind]}", asked=asked_for(seen, FILTERS))
    given = {"kind": kind, "kinds": KINDS, "tabs": {one: here(seen, kind=one, cursor=None) for one in KINDS}}
    asked = {name: seen.query.get(name, "") for name in FILTERS}
    rows = [{**row, "id": row[f"{kind}_id"]} for row in found[LISTS[kind]]]
    shown: dict[str, Any] = {**given, "rows": rows, "next": next_page(seen, found["next_cursor"]), "asked": asked}
    return Page("backtests.html", {**shown, "statuses": tuple(status.value for status in RunStatus)})


async def new(seen: Seen) -> Page:
    """The form, with what is usual in it."""
    return await _form(seen, {**USUAL, **seen.query}, None)


async def begin(seen: Seen) -> Page | Redirect:
    """To the page of what was asked for; where it is refused, the form with what was written and why."""
    from portopt.doors.console.asking import Refused

    kind = kind_of(seen, seen.form)
    try:
        found = await seen.asking.of(f"create_{kind}", body=body_of(kind, seen), key=seen.form.get("key") or None)
    except Refused as refused:
        return await _form(seen, seen.form, refused.problem)
    return Redirect(f"/console/backtests/{kind}/{quote(found[f'{kind}_id'])}", said="begun")


async def backtest(seen: Seen) -> Page:
    kind, found = await _found(seen)
    return Page("backtest.html", {**_told(kind, found), "is_open": found["status"] not in DONE})


async def events(seen: Seen) -> Stream:
    async def look(now: Seen) -> Part:
        kind, found = await _found(now)
        return Part(Page("backtest_progress.html", _told(kind, found)), found["status"] in DONE)

    await _found(seen)
    return Stream(look)


async def report(seen: Seen) -> Sent:
    kind = kind_of(seen, seen.place)
    return Sent(await seen.asking.whole(f"get_{kind}_report", {f"{kind}_id": seen.place["id"]}))


async def cancel(seen: Seen) -> Redirect:
    kind = kind_of(seen, seen.place)
    await seen.asking.of(f"cancel_{kind}", {f"{kind}_id": seen.place["id"]}, body={}, key=seen.form.get("key") or None)
    return Redirect(seen.path.rpartition("/")[0], said="cancelled")


def kind_of(seen: Seen, given: Mapping[str, str] | None = None) -> str:
    found = (seen.query if given is None else given).get("kind", KINDS[0])
    return found if found in KINDS else KINDS[0]


def body_of(kind: str, seen: Seen) -> dict[str, Any]:
    """What is sent: what was written, with nothing in it where nothing was."""
    form = seen.form
    said: dict[str, Any] = {name: form[name] for name in ("portfolio_id", "pricing_pack_id", "start", "end") if form.get(name)}
    capital = read_number(form.get("capital", ""), seen.reader)
    said |= {"capital": form.get("capital", "") if capital is None else str(capital), "rebalance": form.get("rebalance", "")}
    if kind == "comparison":
        named = [name.removeprefix("strategy.") for name in form if name.startswith("strategy.")]
        return {**said, **({"strategies": named} if named else {})}
    if kind == "walk_forward":
        lengths = {name: read_number(form.get(name, ""), seen.reader) for name in ("train", "test")}
        said["windows"] = {name: form.get(name) if given is None else int(given) for name, given in lengths.items()}
    return {**said, **({"policy": form["policy"]} if form.get("policy") else {})}


async def _found(seen: Seen) -> tuple[str, dict[str, Any]]:
    kind = kind_of(seen, seen.place)
    return kind, await seen.asking.of(f"get_{kind}", {f"{kind}_id": seen.place["id"]})


def _told(kind: str, found: Mapping[str, Any]) -> dict[str, Any]:
    about = {"kind": kind, "job": found, "id": found[f"{kind}_id"], "key": secrets.token_urlsafe(16)}
    return {**about, "books": books_of(found["result"]), "figures": FIGURES, "percents": SHARES}


def books_of(result: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    """What was compared, by name, in figures: the policy beside doing nothing and others, or the policies of a comparison."""
    if result is None:
        return {}
    sides = {side["name"]: (side["summary"] or {}).get("net") for side in result.get("strategies") or ()}
    return {name: figures for name, figures in (sides or result.get("summary") or {}).items() if figures}


async def _form(seen: Seen, said: Mapping[str, str], refused: Mapping[str, Any] | None) -> Page:
    portfolios, packs, policies = await asyncio.gather(
        seen.asking.of("list_portfolios", asked={"limit": "500"}),
        seen.asking.of("list_packs", asked={"limit": "500"}),
        seen.asking.of("list_policies", asked={"limit": "500"}),
    )
    given = {"portfolios": portfolios["portfolios"], "packs": packs["packs"], "policies": policies["policies"], "when": WHEN}
    told = {"kinds": KINDS, "kind": kind_of(seen, said), "said": said, "refused": refused, "key": secrets.token_urlsafe(16)}
    return Page("backtest_new.html", {**given, **told}, 200 if refused is None else refused["status"])
