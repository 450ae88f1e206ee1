"""The desk, and what became of released proposals, in a terminal, each from plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from portopt.document.formats import NOTHING, count, decimal, listed, percent
from portopt.reports.tables import table_of

COMPARED = {
    "cost": "cost",
    "return": "return",
    "volatility": "volatility, annual",
    "tracking_error": "tracking error, annual",
    "without_it": "return, had nothing been traded",
}
OPEN_SHOWN = 5


def print_desk(desk: Mapping[str, Any], console: Console) -> None:
    """How many portfolios are looked at for which reason, then a line each; below it what is not known of whom."""
    if not desk["total"]:
        console.print(Text("No portfolio is kept here. `portopt wave import`, or PUT /portfolios/{id}, makes the first."))
        return
    said = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in desk["tiles"].items() if number)
    first = f"{count(desk['matching'], 'portfolio')} of {desk['total']:,}"
    console.print(Text(f"{first}: {said or 'nothing to look at'}"))
    table = table_of("Portfolio", "Stands", "Because", "Value", "Drift", "Cash", "Tracking error", "Limits", "Since", left=3)
    for line in desk["portfolios"]:
        table.add_row(*_desk_cells(line))
    console.print(table)
    for line in desk["portfolios"]:
        for why in dict.fromkeys(line["unknown"].values()):
            names = [name.replace("_", " ") for name, told in line["unknown"].items() if told == why]
            console.print(Text.assemble((line["portfolio_id"], "bold"), f"  {listed(names)} not known: {why}"))


def _desk_cells(line: Mapping[str, Any]) -> list[Text]:
    value, drift, cash, broken, days = (line[n] for n in ("value", "drift", "cash", "limits_broken", "days_since_release"))
    off = NOTHING if drift is None else f"{decimal(100 * drift['by'], 2, signed=True)} % {drift['of'] or ''}".rstrip()
    cells = [
        line["portfolio_id"],
        line["proposal"]["stage"].replace("_", " "),
        ", ".join(tile.replace("_", " ") for tile in line["tiles"]),
        NOTHING if value is None else f"{value:,.0f} {line['currency'] or ''}".rstrip(),
        off,
        percent(None if cash is None else cash["share"]),
        percent(line["tracking_error"]),
        NOTHING if broken is None else f"{broken['count']:,}",
        NOTHING if days is None else count(int(days), "day"),
    ]
    return [Text(cell) for cell in cells]


def print_afterwards(portfolio_id: str, proposals: Sequence[Mapping[str, Any]], console: Console) -> None:
    """A table a released proposal: what was expected, what came, and whether the two can be told apart."""
    if not proposals:
        console.print(Text(f"Nothing of {portfolio_id} was released in the past year, so nothing has come of it."))
        return
    for one in proposals:
        until = f", in force until {one['in_force_until'][:10]}" if one["in_force_until"] else ""
        console.print(Text(f"{one['run_id']}, released {one['released_at'][:10]}{until}", style="bold"))
        console.print(Text(f"{_sessions(one['sessions'])} {_filled(one['trades'])}"))
        table = table_of("", "Expected", "Realized", "±", "Verdict", left=1)
        table.columns[-1].justify = "left"
        for name, title in COMPARED.items():
            table.add_row(title, *_compared_cells(one[name], is_money=name == "cost"))
        console.print(table)


def _sessions(told: Mapping[str, Any]) -> str:
    if not told["count"]:
        return "No session has passed since."
    return f"{count(told['count'], 'session')}, {told['first']} to {told['last']}."


def _filled(trades: Mapping[str, Any]) -> str:
    if trades["filled"] is None:
        return f"What was filled is not known: {trades['why'] or 'no newer holdings were declared'}."
    still = [f"{left['asset_id']} {left['value']:,.0f}" for left in trades["open"][:OPEN_SHOWN]]
    more = len(trades["open"]) - len(still)
    open_ones = "" if not still else f"; open: {', '.join(still)}{f' and {more:,} more' if more > 0 else ''}"
    return f"{percent(trades['filled'], 0)} of the trades was filled{open_ones}."


def _compared_cells(one: Mapping[str, Any], *, is_money: bool) -> list[Text]:
    def told(value: float | None) -> str:
        return decimal(value) if is_money and value is not None else percent(value)

    return [
        Text(cell)
        for cell in (*(told(one[n]) for n in ("expected", "realized", "error")), one["verdict"] or one["why"] or NOTHING)
    ]
