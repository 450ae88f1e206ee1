"""`portopt desk` and `portopt afterwards`: every portfolio in a line, and what became of what was released."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from rich.console import Console

TILE = typer.Option("--tile", metavar="TILE", help="Only those it is said of: out_of_band, limit_broken, …; again for more.")
SORT = typer.Option(
    help="By portfolio_id, name, value, drift, cash, tracking_error, days or status; with a minus before it, the most first."
)


def desk(
    tile: Annotated[list[str] | None, TILE] = None,
    search: Annotated[str, typer.Option(help="In the id, the name or the policy.")] = "",
    sort: Annotated[str, SORT] = "portfolio_id",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    skip: Annotated[int, typer.Option(min=0, help="Leave out so many first: the next page.")] = 0,
    as_json: Json = False,
) -> Shown:
    """Every portfolio that the store keeps, in a line: what it is worth, how far off it is, and what waits for somebody."""
    from portopt.dialects.reading import one_of
    from portopt.domain.desk import Tile
    from portopt.runs.desk.page import SORTS, Look, desk_page, page_data
    from portopt.runtime import runtime

    named = [one.value for one in Tile]
    look = Look(
        tiles=tuple(Tile(one_of(one, "--tile", named)) for one in tile or ()),
        search=search,
        sort=one_of(sort.removeprefix("-"), "--sort", tuple(SORTS)),
        descending=sort.startswith("-"),
        skip=skip,
        size=limit,
    )
    found = page_data(desk_page(look, runtime(), datetime.now(UTC)), skip)

    def say(console: Console) -> None:
        from portopt.reports.desk_tables import print_desk

        print_desk(found, console)
        if found["next_cursor"] is not None:
            console.print(f"the next ones: --skip {found['next_cursor']}", markup=False, style="dim")

    return Shown(found, say)


def afterwards(
    portfolio: Annotated[str, typer.Argument(metavar="PORTFOLIO", help="A portfolio's id (`portopt desk` lists them).")],
    as_json: Json = False,
) -> Shown:
    """What a portfolio's released proposals expected, beside what came: trades, cost, return, risk, and doing nothing."""
    from portopt.document.watch.afterwards import afterwards_document
    from portopt.runs.watch.afterwards import of_portfolio
    from portopt.runtime import runtime

    kept = runtime().portfolios.get(portfolio)
    found = [afterwards_document(one) for one in of_portfolio(kept.id, runtime(), datetime.now(UTC))]

    def say(console: Console) -> None:
        from portopt.reports.desk_tables import print_afterwards

        print_afterwards(kept.id, found, console)

    return Shown({"proposals": found}, say)
