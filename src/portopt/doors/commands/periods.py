"""A plan over several periods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portopt.doors.commands.columns import table
from portopt.doors.commands.documents import read_strategy_request
from portopt.doors.commands.options import Plotted, Request, Within, deadline
from portopt.doors.commands.plots import write_plot
from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from rich.console import Console


def periods(request: Request, plot: Plotted = None, within: Within = None, as_json: Json = False) -> Shown:
    """A plan over several periods, for a request whose objective is multi_period: what to hold in each of them."""
    from portopt.document.periods import periods_document
    from portopt.doors.commands.progress import working
    from portopt.questions.periods import periods as planned
    from portopt.runs import answers

    asked = read_strategy_request(request)
    with working("plan the periods"):
        document = periods_document(planned(asked, until=deadline(within)))
    answers.keep("periods", asked, document)
    if plot is not None:
        from portopt.reports.svg.drawings import periods_plot

        write_plot(periods_plot, document, plot)
    return Shown(document, lambda console: _print_periods(document, console))


def _print_periods(document: dict[str, Any], console: Console) -> None:
    from portopt.document.formats import percent

    rows = document["periods"]
    held = [a for a in rows[0]["weights"] if any(abs(row["weights"][a]) > 1e-9 for row in rows)]
    lines = [[a, *(percent(row["weights"][a]) for row in rows)] for a in held]
    for name, key in (("Turnover", "turnover"), ("Expected return", "expected_return"), ("Volatility", "volatility")):
        lines.append([name, *(percent(row[key]) for row in rows)])
    console.print(document["objective"], markup=False)
    table(console, ["", *(f"period {row['period']}" for row in rows)], lines)
    paper = document["certificate"]
    console.print(f"{paper['verdict']}: relative gap {paper['relative_gap']:.1e}", markup=False)
