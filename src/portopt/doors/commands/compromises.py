"""The best compromises between several aims, and several aims in strict order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.columns import print_held, table
from portopt.doors.commands.documents import read_sets, read_strategy_request
from portopt.doors.commands.options import (
    Confidence,
    Measure,
    Plotted,
    Request,
    Within,
    deadline,
    finite,
    measure_options,
    named,
)
from portopt.doors.commands.plots import write_plot
from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from rich.console import Console


def pareto(
    request: Request,
    axes: Annotated[str, typer.Option(help="Two or three of return, risk, esg, cost, turnover, tracking_error.")] = (
        "return,risk,esg"
    ),
    points: Annotated[int, typer.Option(min=2, max=2_500, help="About how many portfolios.")] = 49,
    risk_measure: Measure = "volatility",
    confidence: Confidence = None,
    plot: Plotted = None,
    within: Within = None,
    as_json: Json = False,
) -> Shown:
    """The best compromises between several aims, the current book located among them, and their rates of exchange."""
    from portopt.document.compromises import compromises_document
    from portopt.doors.commands.progress import Spinner
    from portopt.questions import compromises as asked_of
    from portopt.runs import answers

    asked = read_strategy_request(request)
    wanted = named(axes)
    how: dict[str, Any] = {"risk_measure": risk_measure, "options": measure_options(confidence)}
    with Spinner() as spinner, spinner.step("solve the surface"):
        document = compromises_document(asked_of.pareto(asked, wanted, points, **how, progress=spinner, until=deadline(within)))
    answers.keep("pareto", asked, document, axes=wanted, points=points, **how)
    if plot is not None:
        from portopt.reports.svg.drawings import pareto_plot

        write_plot(pareto_plot, document, plot)
    return Shown(document, lambda console: _print_pareto(document, console))


def lexicographic(
    request: Request,
    order: Annotated[str, typer.Option(help="Axes, the most important first: esg,risk,return")],
    tolerance: Annotated[
        list[str] | None, typer.Option(metavar="AXIS=AMOUNT", help="What later axes may take of an earlier one's best.")
    ] = None,
    risk_measure: Measure = "volatility",
    confidence: Confidence = None,
    within: Within = None,
    as_json: Json = False,
) -> Shown:
    """Several aims in strict order of importance: each is best among what keeps the ones before it at their best."""
    from portopt.document.compromises import in_order_document
    from portopt.doors.commands.progress import working
    from portopt.questions import compromises as asked_of
    from portopt.runs import answers

    asked, tolerances = read_strategy_request(request), read_sets(tolerance or ())
    axes = named(order)
    given = {name: finite(value, f"--tolerance {name}") for name, value in tolerances.items()}
    how: dict[str, Any] = {"risk_measure": risk_measure, "options": measure_options(confidence)}
    with working("solve stage after stage"):
        document = in_order_document(asked_of.lexicographic(asked, axes, given, **how, until=deadline(within)))
    answers.keep("lexicographic", asked, document, order=axes, tolerances=given, **how)
    return Shown(document, lambda console: _print_stages(document, console))


def _print_pareto(document: dict[str, Any], console: Console) -> None:
    axes, primary = document["axes"], document["axes"][0]
    rows = [
        [str(k + 1), *(_amount(a, p["amounts"][a]) for a in axes), *(f"{p['rates'][a]:.4g}" for a in axes[1:])]
        for k, p in enumerate(document["points"])
    ]
    table(console, ["", *axes, *(f"{primary} per {a}" for a in axes[1:])], rows)
    current = document["current"]
    if current is not None:
        standing = ", ".join(f"{a} {_amount(a, current['amounts'][a])}" for a in axes)
        console.print(f"the current book: {standing}", markup=False)
        if current["dominating"] is not None:
            gains = ", ".join(f"{a} {_amount(a, gain)}" for a, gain in current["improvement"].items())
            console.print(f"what is at least as good on every axis gains: {gains}", markup=False)
    console.print(f"{len(document['points'])} portfolios, none better than another on every axis", markup=False)
    if document["not_found"]:
        console.print(f"{document['not_found']} more were asked for and not found", markup=False, style="yellow")
    if document["without"]:
        from portopt.document.prices import left_to_draw

        console.print(left_to_draw(document["without"]), markup=False, style="yellow")


def _print_stages(document: dict[str, Any], console: Console) -> None:
    for k, stage in enumerate(document["stages"], start=1):
        best, bound = _amount(stage["axis"], stage["best"]), _amount(stage["axis"], stage["bound"])
        console.print(f"{k}. {stage['axis']}: {best} at best, kept to {bound}", markup=False)
    console.print(f"{len(document['stages']) + 1}. {document['order'][-1]}: the best of what is left", markup=False)
    print_held(document["optimal_weights"], console)


def _amount(axis: str, value: float | None) -> str:
    from portopt.document.formats import decimal, percent

    return decimal(value) if axis == "esg" else percent(value)
