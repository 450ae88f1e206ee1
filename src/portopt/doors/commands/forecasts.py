"""Which estimators forecast risk and return well on the user's own data."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from portopt.doors.commands.asked_options import AskedOptions, posed, with_asked_options
from portopt.doors.commands.options import Plotted, named
from portopt.doors.commands.plots import write_plot
from portopt.doors.commands.surface import Json, Shown


@with_asked_options
def forecasts(
    asked: AskedOptions,
    covariances: Annotated[str, typer.Option(help="Covariance estimators; the others are measured against the first.")] = (
        "sample,ledoit_wolf,ewma,regime_ewma"
    ),
    means: Annotated[str, typer.Option(help="Expected-return estimators, likewise.")] = "historical_mean,bayes_stein",
    window: Annotated[int, typer.Option(min=20, max=100_000, help="Returns each forecast may see.")] = 252,
    step: Annotated[int, typer.Option(min=1, max=10_000, help="Returns it is held against, and then forgets.")] = 21,
    plot: Plotted = None,
    as_json: Json = False,
) -> Shown:
    """Compare estimators out of sample on your own returns: which risk forecasts were right, and by how much."""
    from portopt.document.forecasts import forecasts_document
    from portopt.doors.commands.progress import working
    from portopt.questions.forecasts import forecasts as compared
    from portopt.reports.answers import print_forecasts
    from portopt.runs import answers

    chosen = [named(names) for names in (covariances, means)]
    how: dict[str, Any] = {"window": window, "step": step}
    request, here = posed(asked, "forecasts")
    with working("walk through the history"):
        document = forecasts_document(compared(request, *chosen, **how, runtime=here))
    answers.keep("forecasts", request, document, here, covariances=chosen[0], means=chosen[1], **how)
    if plot is not None:
        from portopt.reports.svg.drawings import forecasts_plot

        write_plot(forecasts_plot, document, plot)
    return Shown(document, lambda console: print_forecasts(document, console))
