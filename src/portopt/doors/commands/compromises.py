"""The best compromises between several aims, and several aims in strict order."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from portopt.doors.commands.asked_options import AskedOptions, posed, with_asked_options
from portopt.doors.commands.documents import read_sets
from portopt.doors.commands.options import (
    Confidence,
    Measure,
    Plotted,
    Within,
    deadline,
    finite,
    measure_options,
    named,
)
from portopt.doors.commands.plots import write_plot
from portopt.doors.commands.surface import Json, Shown


@with_asked_options
def pareto(
    asked: AskedOptions,
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
    from portopt.reports.answers import print_compromises
    from portopt.runs import answers

    request, here = posed(asked)
    wanted = named(axes)
    how: dict[str, Any] = {"risk_measure": risk_measure, "options": measure_options(confidence)}
    with Spinner() as spinner, spinner.step("solve the surface"):
        found = asked_of.pareto(request, wanted, points, here, **how, progress=spinner, until=deadline(within))
        document = compromises_document(found)
    answers.keep("pareto", request, document, here, axes=wanted, points=points, **how)
    if plot is not None:
        from portopt.reports.svg.drawings import pareto_plot

        write_plot(pareto_plot, document, plot)
    return Shown(document, lambda console: print_compromises(document, console))


@with_asked_options
def lexicographic(
    asked: AskedOptions,
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
    from portopt.reports.answers import print_stages
    from portopt.runs import answers

    (request, here), tolerances = posed(asked), read_sets(tolerance or ())
    axes = named(order)
    given = {name: finite(value, f"--tolerance {name}") for name, value in tolerances.items()}
    how: dict[str, Any] = {"risk_measure": risk_measure, "options": measure_options(confidence)}
    with working("solve stage after stage"):
        document = in_order_document(asked_of.lexicographic(request, axes, given, here, **how, until=deadline(within)))
    answers.keep("lexicographic", request, document, here, order=axes, tolerances=given, **how)
    return Shown(document, lambda console: print_stages(document, console))
