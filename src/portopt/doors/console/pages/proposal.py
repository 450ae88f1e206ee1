"""One proposal: what it does and why, its trades, what it was solved on, and how it stands with those who decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from portopt.doors.console.pages.trades import FIND, GROUP, GROUPS, ORDER, ORDERS, SHOW, grouped
from portopt.doors.console.seen import Page, Seen, Sent

SIX: Final = (
    *("expected_return", "volatility", "sharpe_ratio", "tracking_error", "positions", "cash_weight"),
    *("information_ratio", "max_drawdown_in_sample"),
)
OPEN: Final = ("pending", "processing")


async def proposal(seen: Seen) -> Page:
    """State in the address: which rows are shown, in which order, under which headings."""
    place = {"run_id": seen.place["run_id"]}
    run = await seen.asking.of("get_run", place)
    if run["document_digest"] is None or run["kind"] != "rebalance":
        return Page("run_without_proposal.html", {"run": run, "is_open": run["status"] in OPEN})
    document = await seen.asking.of("get_document", place)
    return Page("proposal.html", {**about(run, document), **table(seen, document)})


async def state(seen: Seen) -> Page:
    """How it stands now, for a page that lies open. `was`: what that page shows."""
    run = await seen.asking.of("get_run", {"run_id": seen.place["run_id"]})
    return Page("proposal_state.html", {"run": run, "was": seen.query.get("was", run["status"])})


async def document(seen: Seen) -> Sent:
    """The document, in its canonical bytes."""
    return Sent(await seen.asking.whole("get_document", {"run_id": seen.place["run_id"]}))


def about(run: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """What a page about a proposal shows of it."""
    return {
        "run": run,
        "document": document,
        "currency": document["currency"],
        "six": first_six(document["figures"]),
        "points": frontier_points(document["frontier"]),
    }


def first_six(figures: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those that are known, in the order of SIX."""
    known = {figure["name"]: figure for figure in figures if figure["after"] is not None}
    return [known[name] for name in SIX if name in known][:6]


def table(seen: Seen, document: Mapping[str, Any]) -> dict[str, Any]:
    group, order = seen.query.get(GROUP, GROUPS[0]), seen.query.get(ORDER, ORDERS[0])
    found = grouped(
        document,
        group=group if group in GROUPS else GROUPS[0],
        order=order if order in ORDERS else ORDERS[0],
        find=seen.query.get(FIND, ""),
        only_trades=seen.query.get(SHOW) != "all",
    )
    return {"table": found, "groups": GROUPS, "orders": ORDERS}


def frontier_points(frontier: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The frontier's line and the books beside it, without their weights."""
    if not frontier or not frontier.get("points"):
        return None
    books = {name: _point(frontier[name]) for name in ("current", "proposed", "optimal", "min_risk") if frontier.get(name)}
    return {"line": [_point(point) for point in frontier["points"]], "books": books}


def _point(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in ("volatility", "expected_return", "sharpe_ratio")}
