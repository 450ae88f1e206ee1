"""What a book's risk and return rest on, by factor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.columns import table
from portopt.doors.commands.documents import read_strategy_request
from portopt.doors.commands.options import (
    Benchmark,
    Candidates,
    InsteadHoldings,
    MaybeRequest,
    Plotted,
    PolicyName,
    Prices,
    named,
)
from portopt.doors.commands.plots import write_plot
from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from rich.console import Console

    from portopt.domain.request import OptimizationRequest


def factors(
    request: MaybeRequest = None,
    holdings: InsteadHoldings = None,
    prices: Prices = None,
    policy: PolicyName = "quality_focused",
    universe: Candidates = None,
    benchmark: Benchmark = None,
    source: Annotated[
        str | None,
        typer.Option(help="Factor returns: sample, file:PATH (as published, or a table of yours); else a statistical model."),
    ] = None,
    names: Annotated[str | None, typer.Option(help="Factors wanted, by name: Mkt-RF,SMB,HML")] = None,
    plot: Plotted = None,
    as_json: Json = False,
) -> Shown:
    """Exposures of the book to factors, with their errors, and its risk and return by factor."""
    from portopt.dialects.portfolio_answers import write_factors
    from portopt.doors.commands.progress import working
    from portopt.questions.factors import factors as exposed
    from portopt.runs import answers

    wanted = None if names is None else named(names)
    if request is not None and holdings is None:
        asked = _with_source(read_strategy_request(request), source)
        with working("explain the returns"):
            document = write_factors(exposed(asked, wanted))
        answers.keep("factors", asked, document, names=wanted)
    else:
        from portopt.domain.errors import MissingInput
        from portopt.doors.commands.rebalance_options import Options, read_rebalance
        from portopt.runtime import runtime

        if request is not None or holdings is None:
            fixes = ["portopt factors request.json", "portopt factors --holdings holdings.csv --prices prices.csv"]
            raise MissingInput("give either a request file or --holdings", field="FILE", fixes=fixes)
        sets = () if source is None else (f"estimation.factors={_spelled(source)}",)
        on_book = read_rebalance(Options(holdings, prices, policy, universe, benchmark, sets=sets), runtime())
        with working("explain the returns"):
            document = write_factors(exposed(on_book, wanted, runtime()))
        answers.keep("factors", on_book, document, runtime(), names=wanted)
    if plot is not None:
        from portopt.reports.svg.drawings import factors_plot

        write_plot(factors_plot, document, plot)
    return Shown(document, lambda console: _print_factors(document, console))


def _spelled(source: str) -> str:
    import json

    return json.dumps({"method": "time_series", "source": source})


def _with_source(request: OptimizationRequest, source: str | None) -> OptimizationRequest:
    """The request on the factor returns of `source`, matched row by row with its own."""
    import dataclasses

    if source is None:
        return request
    from portopt.adapters.providers.factor_files import factor_returns

    choice = dataclasses.replace(request.estimation, factors={"method": "time_series"})
    return dataclasses.replace(request, estimation=choice, factor_returns=factor_returns(source))


def _print_factors(document: dict[str, Any], console: Console) -> None:
    from portopt.document.formats import decimal, percent

    rows = []
    for line in document["exposures"]:
        keys = ("exposure", "standard_error", "t_statistic", "benchmark_exposure", "active_exposure")
        rows.append([line["factor"], *(decimal(line[key], 3) for key in keys)])
    table(console, ["Factor", "Exposure", "std. error", "t", "Benchmark", "Active"], rows)
    returns = {line["factor"]: line for line in document["return_attribution"]}
    lines = []
    for line in document["attribution"]:
        earned = returns.get(line["factor"], {}).get("contribution")
        lines.append([line["factor"], percent(line["contribution"]), percent(line["percent_contribution"]), percent(earned)])
    table(console, ["", "Of the volatility", "Share", "Of the mean return"], lines)
    said = f"volatility {percent(document['volatility'])}, systematic {percent(document['systematic_volatility'])}"
    console.print(f"{said}, R² {decimal(document['r_squared'], 3)}; {document['method']}", markup=False)
    for note in document["notes"]:
        console.print(f"note: {note}", style="dim", markup=False)
