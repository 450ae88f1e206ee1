"""Which estimators forecast risk and return well on the user's own data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.columns import table
from portopt.doors.commands.documents import read_strategy_request
from portopt.doors.commands.options import Candidates, InsteadHoldings, MaybeRequest, Plotted, Prices, named
from portopt.doors.commands.plots import write_plot
from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from rich.console import Console


def forecasts(
    request: MaybeRequest = None,
    holdings: InsteadHoldings = None,
    prices: Prices = None,
    universe: Candidates = None,
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
    from portopt.doors.commands.progress import Spinner
    from portopt.questions.forecasts import forecasts as compared
    from portopt.runs import answers

    chosen = [named(names) for names in (covariances, means)]
    how: dict[str, Any] = {"window": window, "step": step}
    with Spinner() as spinner, spinner.step("walk through the history"):
        if request is not None and holdings is None:
            asked = read_strategy_request(request)
            document = forecasts_document(compared(asked, *chosen, **how))
            answers.keep("forecasts", asked, document, covariances=chosen[0], means=chosen[1], **how)
        else:
            from portopt.domain.errors import MissingInput
            from portopt.doors.commands.rebalance_options import Options, read_rebalance
            from portopt.runtime import runtime

            if request is not None or holdings is None:
                fixes = ["portopt forecasts request.json", "portopt forecasts --holdings holdings.csv --prices prices.csv"]
                raise MissingInput("give either a request file or --holdings", field="FILE", fixes=fixes)
            on_book = read_rebalance(Options(holdings, prices, universe=universe), runtime())
            document = forecasts_document(compared(on_book, *chosen, **how, runtime=runtime()))
            answers.keep("forecasts", on_book, document, runtime(), covariances=chosen[0], means=chosen[1], **how)
    if plot is not None:
        from portopt.reports.svg.drawings import forecasts_plot

        write_plot(forecasts_plot, document, plot)
    return Shown(document, lambda console: _print_forecasts(document, console))


def _print_forecasts(document: dict[str, Any], console: Console) -> None:
    from portopt.document.formats import decimal, percent

    rows = []
    for score in document["covariance"]:
        better = score["difference"]
        p = "" if better is None else decimal(better["p_value"], 3)
        shares = [decimal(score["qlike"], 4), p, decimal(score["calibration"], 3), percent(score["coverage_90"], 1)]
        rows.append([score["name"], *shares, decimal(score["bias_statistic"], 3), percent(score["min_variance_volatility"])])
    heads = ["Covariance", "QLIKE", "p against first", "Calibration", "In 90 %", "Bias", "Min. variance realized"]
    table(console, heads, rows)
    lines = []
    for score in document["expected_returns"]:
        p = "" if score["difference"] is None else decimal(score["difference"]["p_value"], 3)
        lines.append([score["name"], percent(score["root_mean_square_error"]), p, decimal(score["rank_correlation"], 3)])
    table(console, ["Expected returns", "Error a year", "p against first", "Rank correlation"], lines)
    for one in document["unfitted"]:
        console.print(f"{one['name']} could not be fitted: {one['reason']}", markup=False)
    said = f"{document['windows']} windows of {document['window']} returns, each held against the next {document['step']}"
    console.print(f"{said}; QLIKE: less is better; calibration and bias: 1 is right", markup=False)
