"""What a book's risk and return rest on, by factor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from portopt.doors.commands.asked_options import AskedOptions, posed, with_asked_options
from portopt.doors.commands.options import Plotted, named
from portopt.doors.commands.plots import write_plot
from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from portopt.domain.request import AnyRequest


@with_asked_options
def factors(
    asked: AskedOptions,
    source: Annotated[
        str | None,
        typer.Option(help="Factor returns: sample, file:PATH (as published, or a table of yours); else a statistical model."),
    ] = None,
    only: Annotated[str | None, typer.Option("--factors", help="Factors wanted, by name: Mkt-RF,SMB,HML")] = None,
    plot: Plotted = None,
    as_json: Json = False,
) -> Shown:
    """Exposures of the book to factors, with their errors, and its risk and return by factor."""
    from portopt.dialects.portfolio_answers import write_factors
    from portopt.doors.commands.progress import working
    from portopt.questions.factors import factors as exposed
    from portopt.reports.answers import print_factors
    from portopt.runs import answers

    wanted = None if only is None else named(only)
    request, here = posed(asked, "factors")
    request = request if source is None else with_source(request, source)
    with working("explain the returns"):
        document = write_factors(exposed(request, wanted, here))
    answers.keep("factors", request, document, here, names=wanted)
    if plot is not None:
        from portopt.reports.svg.drawings import factors_plot

        write_plot(factors_plot, document, plot)
    return Shown(document, lambda console: print_factors(document, console))


def with_source(request: AnyRequest, source: str) -> AnyRequest:
    """The request on the factor returns of `source`: matched by date with a book's prices, row by row with given returns."""
    import dataclasses

    from portopt.domain.request import RebalanceRequest
    from portopt.intake.policy import Wishes, laid_over

    if isinstance(request, RebalanceRequest):
        from portopt.doors.files import with_factor_returns

        changes = {"estimation.factors": {"method": "time_series", "source": source}}
        return with_factor_returns(dataclasses.replace(request, policy=laid_over(request.policy, Wishes(changes=changes))))
    from portopt.adapters.providers.factor_files import factor_returns

    choice = dataclasses.replace(request.estimation, factors={"method": "time_series"})
    return dataclasses.replace(request, estimation=choice, factor_returns=factor_returns(source))
