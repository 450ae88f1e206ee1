"""The watch in a terminal: what is the matter, open alerts, the worst books, the service. Names are Text, never markup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from portopt.document.formats import count, percent
from portopt.document.watch.books import DRAWN
from portopt.reports.tables import table_of
from portopt.reports.watch import words
from portopt.reports.watch.details import details

Row = Mapping[str, Any]
ALERTS_PRINTED, BOOKS_PRINTED, OVER_PRINTED = 20, 12, 12
STYLES = {
    "firing": "red", "unknown": "yellow", "pending": "cyan", "resolved": "green", "over": "red", "within": "green",
    "measured": "", "out of band": "magenta", "within limits": "green",
}  # fmt: skip


def print_watch(document: Row, console: Console, *, only: str | None = None) -> None:
    """only: alerts in this state alone, and nothing else."""
    if only is None:
        _heading(document, console)
    _alerts(document, console, only)
    if only is None:
        _books(document, console)
        _service(document, console)


def _heading(document: Row, console: Console) -> None:
    fine = not (document["is_late"] or document["counts"]["firing"])
    known = not (document["counts"]["unknown"] or document["books"]["by_status"]["unknown"]) and document["counts"]["figures"]
    console.print(Text(words.title(document), style="bold red" if not fine else "bold green" if known else "bold yellow"))
    console.print(Text(f"{words.when(document['at'])} UTC. {' '.join(words.sentences(document))}".rstrip()))


def _alerts(document: Row, console: Console, only: str | None) -> None:
    listed = [*document["alerts"]["listed"], *(document["pending"]["listed"] if only == "pending" else ())]
    rows = [row for row in listed if only is None or row["state"] == only]
    if not rows:
        if only is not None:
            console.print(Text(f"No alert is {only}."))
        return
    table = table_of("Alert", "Of", "Since", "Measured", "Limit", "Worst", "Cared for", left=3)
    for row in rows[:ALERTS_PRINTED]:
        name = Text(f"{row['severity']} ", style="bold red" if row["severity"] == "page" else "")
        name.append(f"{row['state']} ", style=STYLES[row["state"]]).append(row["rule"], style="bold")
        since = f"{words.ago(row['since'], document['at'])} ago"
        figures = (words.told(row[key], row["unit"]) for key in ("value", "limit", "worst"))
        table.add_row(name, Text(row["subject"] or "the service"), since, *map(Text, figures), _care(row))
    console.print(table)
    left = document["alerts"]["total"] - len(rows[:ALERTS_PRINTED])
    if left > 0 and only is None:
        console.print(Text(f"and {left:,} more; --html writes them all", style="dim"))


def _care(row: Row) -> Text:
    said = [row["acknowledged_by"]] if row["acknowledged_by"] else []
    said += [f"silent until {words.when(row['silence']['ends'])}"] if row["silence"] else []
    return Text(", ".join(said) or "nobody", style="" if said else "dim")


def _books(document: Row, console: Console) -> None:
    books = document["books"]
    if not books["total"]:
        return
    table = table_of("Book", "Status", *(words.name_of(name) for name in DRAWN), left=2)
    for row in books["shown"][:BOOKS_PRINTED]:
        newest = {f["name"]: f for f in row["figures"] if len(f["labels"]) == 1}
        cells = [_measured(newest.get(name), document) for name in DRAWN]
        table.add_row(Text(row["portfolio"], style="bold"), Text(row["status"], style=STYLES[row["status"]]), *cells)
    left = books["total"] - len(books["shown"][:BOOKS_PRINTED])
    table.caption, table.caption_justify = Text(f"the worst of {count(books['total'], 'book')}") if left else None, "left"
    console.print(table)


def _measured(figure: Row | None, document: Row) -> Text:
    if figure is None or figure["state"] == "unknown":
        return Text("unknown", style="yellow")
    unit = document["catalog"].get(figure["name"], {}).get("unit", "number")
    held = f" of {words.told(figure['limit'], unit)}" if figure["limit"] else ""
    return Text(f"{words.told(figure['value'], unit)}{held}", style="red" if figure["state"] == "over" else "")


def _service(document: Row, console: Console) -> None:
    rows = [row for row in document["service"] if row["state"] in ("over", "unknown")]
    for row in rows[:OVER_PRINTED]:
        said = Text(f"{words.name_of(row['name'])} ", style="bold")
        said.append_text(_measured(row, document))
        said.append(f"  {row['why'] or details(row['detail'])}", style="dim")
        console.print(said)
    slow = [row for row in document["stages"] if row["stage"] == "whole" and "run_seconds_p99" in row["figures"]]
    for row in slow:
        figures = (words.told(row["figures"][name]["value"], "seconds") for name in sorted(row["figures"]))
        console.print(Text(f"{row['size']} assets: {' / '.join(figures)} at P50, P95, P99", style="dim"))
    left = next((row for row in document["service"] if row["name"] == "error_budget_left" and row["state"] != "unknown"), None)
    if left is not None:
        console.print(Text(f"Error budget left: {percent(left['value'])}", style="dim"))


def print_figures(document: Row, console: Console) -> None:
    """The newest of each subject, with the range it has been in."""
    if not document["series"]:
        console.print(Text(f"{document['name']} was not measured since {words.when(document['since'])}."))
        return
    table = table_of("Of", "Newest", "Measured", "Limit", "Least", "Most", "Rows", left=2, title=document["says"])
    unit = document["unit"]
    for row in document["series"]:
        known = [v for v in row["value"] if v is not None]
        figures = (row["value"][-1], row["limit"][-1], min(known, default=None), max(known, default=None))
        told = [words.told(v, unit) if k != 1 or v is not None else "none" for k, v in enumerate(figures)]
        table.add_row(Text(row["subject"] or "the service"), words.when(row["at"][-1]), *told, f"{len(row['at']):,}")
    console.print(table)
    if document["is_cut"]:
        console.print(Text("There are more rows than were read: --limit reads them.", style="yellow"))


def print_catalog(document: Row, console: Console) -> None:
    """Every figure there is, a line each."""
    table = table_of("Figure", "Unit", "What it says", left=3)
    for row in document["figures"]:
        table.add_row(Text(row["name"]), row["unit"], Text(row["says"]))
    console.print(table)
