"""Every risk measure of a portfolio, and one taken apart by source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portopt.doors.commands.columns import table
from portopt.doors.commands.documents import read_strategy_request
from portopt.doors.commands.options import Confidence, Measure, Plotted, Request, Within, deadline, measure_options
from portopt.doors.commands.plots import write_plot
from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from rich.console import Console


def risk(
    request: Request,
    risk_measure: Measure = "volatility",
    confidence: Confidence = None,
    plot: Plotted = None,
    within: Within = None,
    as_json: Json = False,
) -> Shown:
    """Every risk measure of the optimal, current and benchmark portfolios, and one measure taken apart by source."""
    from portopt.document.risk import risk_document
    from portopt.doors.commands.progress import working
    from portopt.questions.risk import risk as measured
    from portopt.runs import answers

    asked = read_strategy_request(request)
    how: dict[str, Any] = {"measure": risk_measure, "options": measure_options(confidence)}
    with working("measure the risk"):
        document = risk_document(measured(asked, **how, until=deadline(within)))
    answers.keep("risk", asked, document, **how)
    if plot is not None:
        from portopt.reports.svg.drawings import risk_plot

        write_plot(risk_plot, document, plot)
    return Shown(document, lambda console: _print_risk(document, console))


def _print_risk(document: dict[str, Any], console: Console) -> None:
    from portopt.document.formats import decimal, percent

    books = list(document["figures"][0]["value"]) if document["figures"] else []
    rows = [[f["name"], *(percent(f["value"][book]) for book in books)] for f in document["figures"]]
    table(console, ["In-sample, from the history used", *books], rows)
    for left in document["left_out"]:
        console.print(left["sentence"], markup=False, style="yellow")
    taken_apart = document["decomposition"].get("optimal")
    if taken_apart is None:
        return
    console.print(
        f"{taken_apart['measure']} of the optimal portfolio, {percent(taken_apart['total'])}, by source:", markup=False
    )
    lines = []
    for part in taken_apart["parts"]:
        if part["exposure"] is None or abs(part["exposure"]) > 1e-9:
            marginal = "" if part["marginal"] is None else decimal(part["marginal"], 4)
            exposure = "" if part["exposure"] is None else decimal(part["exposure"], 4)
            lines.append(
                [f"{part['of']} {part['name']}", exposure, marginal, percent(part["component"]), percent(part["share"])]
            )
    table(console, ["", "Exposure", "Marginal", "Component", "Share"], lines)
