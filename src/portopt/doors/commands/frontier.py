"""The efficient frontier."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.asked_options import AskedOptions, posed, with_asked_options
from portopt.doors.commands.options import Plotted, Within, deadline
from portopt.doors.commands.plots import write_plot
from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from rich.console import Console


@with_asked_options
def frontier(
    asked: AskedOptions,
    points: Annotated[int, typer.Option(min=2, max=1000, help="Portfolios on the frontier.")] = 20,
    min_return: Annotated[float | None, typer.Option(help="Lowest expected return, a fraction.")] = None,
    max_risk: Annotated[
        float | None, typer.Option(help="Highest risk, a fraction: a volatility, or the measure asked for.")
    ] = None,
    risk_measure: Annotated[
        str, typer.Option(help="What risk is: volatility, cvar, mad, semideviation, cdar, max_drawdown, …")
    ] = "volatility",
    confidence: Annotated[float | None, typer.Option(help="Of measures that have one, such as 0.95.")] = None,
    horizon: Annotated[int | None, typer.Option(min=1, help="Periods that a scenario measure looks ahead.")] = None,
    plot: Plotted = None,
    within: Within = None,
    as_json: Json = False,
) -> Shown:
    """The efficient frontier under the request's own limits."""
    from portopt.dialects.portfolio_answers import write_frontier
    from portopt.doors.commands.progress import working
    from portopt.questions.frontier import frontier as drawn
    from portopt.runs import answers

    bounds: dict[str, Any] = {"points": points}
    bounds |= {"min_return": _finite(min_return, "--min-return"), "max_risk": _finite(max_risk, "--max-risk")}
    options = {"confidence": _finite(confidence, "--confidence"), "horizon": horizon}
    bounds |= {"risk_measure": risk_measure, "options": {name: v for name, v in options.items() if v is not None}}
    request, here = posed(asked)
    with working("draw the frontier"):
        document = write_frontier(drawn(request, here, **bounds, until=deadline(within)))
    answers.keep("frontier", request, document, here, **bounds)
    if plot is not None:
        from portopt.reports.svg.drawings import frontier_plot

        write_plot(frontier_plot, document, plot)
    return Shown(document, lambda console: _print_frontier(document, console))


def _finite(value: float | None, option: str) -> float | None:
    from portopt.domain.errors import InvalidValue

    if value is not None and not math.isfinite(value):
        raise InvalidValue(option, str(value), "is not a finite number", fix=f"write {option} 0.1 for 10 %")
    return value


def _print_frontier(document: dict[str, Any], console: Console) -> None:
    from portopt.reports.terminal import print_frontier

    print_frontier(document, console)
