"""What is measured of a portfolio, through time: a line, and the same as a table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from portopt.doors.console.addresses import here
from portopt.doors.console.seen import Page, Seen
from portopt.monitoring.catalog import CATALOG, Watched

DAYS = ("7", "30", "90", "365", "1825")
USUAL_DAYS, USUAL_FIGURE = "90", "book_drift"
MOST_ROWS = 500
OF_A_BOOK = tuple(name for name, watched in CATALOG.items() if watched.labels == ("portfolio",))


async def figures(seen: Seen) -> Page:
    """Of one portfolio where one is named: one figure through time, and the newest of each. Else who there is."""
    portfolio_id = seen.query.get("portfolio_id", "")
    listed = (await seen.asking.of("list_portfolios", asked={"limit": "500"}))["portfolios"]
    given: dict[str, Any] = {"portfolios": [one["portfolio_id"] for one in listed], "portfolio_id": portfolio_id}
    if not portfolio_id:
        return Page("figures_of_whom.html", given)
    name, days = _among(seen.query.get("name"), OF_A_BOOK, USUAL_FIGURE), _among(seen.query.get("days"), DAYS, USUAL_DAYS)
    since = (datetime.now(UTC) - timedelta(days=int(days))).isoformat()
    about = {"portfolio_id": portfolio_id}
    series, newest = await seen.asking.each(
        ("list_figures", {}, {**about, "name": name, "since": since, "limit": "10000"}), ("list_figures", {}, about)
    )
    rows = series["figures"]
    links = {figure: here(seen, name=figure) for figure in OF_A_BOOK}
    given |= {"name": name, "days": days, "all_days": DAYS, "watched": CATALOG, "newest": _of_books(newest), "links": links}
    return Page("figures_page.html", {**given, "rows": rows[::-1][:MOST_ROWS], "plot": plotted(rows, CATALOG[name])})


def plotted(rows: list[Mapping[str, Any]], watched: Watched) -> dict[str, Any] | None:
    """What the drawing needs; None where fewer than two points are known."""
    known = [row for row in rows if row["value"] is not None]
    if len(known) < 2:
        return None
    limits = [row["limit"] for row in known]
    told = {"at": [row["at"] for row in known], "value": [row["value"] for row in known], "unit": watched.unit.value}
    return {**told, "limit": limits if any(limit is not None for limit in limits) else None}


def _of_books(newest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {row["name"]: row for row in newest["figures"] if row["name"] in OF_A_BOOK}


def _among(given: str | None, known: tuple[str, ...], usual: str) -> str:
    return given if given in known else usual
