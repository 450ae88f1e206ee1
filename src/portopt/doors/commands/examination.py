"""What a portfolio, and the beliefs behind it, look like: risk, views, factors, forecasts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.inquiries import (
    REQUEST,
    Confidence,
    Measure,
    Plotted,
    Request,
    measure_options,
    read_strategy_request,
    table,
)
from portopt.doors.commands.plots import write_plot
from portopt.doors.commands.surface import Answer, Json

if TYPE_CHECKING:
    from rich.console import Console

    from portopt.domain.request import OptimizationRequest


def risk(
    request: Request,
    risk_measure: Measure = "volatility",
    confidence: Confidence = None,
    plot: Plotted = None,
    as_json: Json = False,
) -> Answer:
    """Every risk measure of the optimal, current and benchmark portfolios, and one measure taken apart by source."""
    from portopt.doors.commands.progress import working
    from portopt.questions import examination
    from portopt.runs import answers

    asked = read_strategy_request(request)
    how: dict[str, Any] = {"measure": risk_measure, "options": measure_options(confidence)}
    with working("measure the risk"):
        document = examination.risk(asked, **how)
    answers.keep("risk", asked, document, **how)
    if plot is not None:
        from portopt.reports.svg.drawings import risk_plot

        write_plot(risk_plot, document, plot)
    return Answer(document, lambda console: _print_risk(document, console))


def views(request: Request, plot: Plotted = None, as_json: Json = False) -> Answer:
    """What the request's views did to expected returns and volatilities."""
    from portopt.doors.commands.progress import working
    from portopt.questions import examination
    from portopt.runs import answers

    asked = read_strategy_request(request)
    with working("apply the views"):
        document = examination.views(asked)
    answers.keep("views", asked, document)
    if plot is not None:
        from portopt.reports.svg.drawings import views_plot

        write_plot(views_plot, document, plot)
    return Answer(document, lambda console: _print_views(document, console))


def factors(
    request: Annotated[str | None, REQUEST] = None,
    holdings: Annotated[str | None, typer.Option(help="Instead of FILE: holdings, as for `rebalance`.")] = None,
    prices: Annotated[Path | None, typer.Option(help="Prices, as for `rebalance`.")] = None,
    policy: Annotated[str, typer.Option(help="Policy id, or a JSON file.")] = "quality_focused",
    universe: Annotated[Path | None, typer.Option(help="Candidates, as for `rebalance`.")] = None,
    benchmark: Annotated[Path | None, typer.Option(help="Benchmark weights, as for `rebalance`.")] = None,
    source: Annotated[
        str | None,
        typer.Option(help="Factor returns: sample, file:PATH (as published, or a table of yours); else a statistical model."),
    ] = None,
    names: Annotated[str | None, typer.Option(help="Factors wanted, by name: Mkt-RF,SMB,HML")] = None,
    plot: Plotted = None,
    as_json: Json = False,
) -> Answer:
    """Exposures of the book to factors, with their errors, and its risk and return by factor."""
    from portopt.doors.commands.progress import working
    from portopt.questions import examination
    from portopt.runs import answers

    wanted = None if names is None else [name.strip() for name in names.split(",") if name.strip()]
    if request is not None and holdings is None:
        asked = _with_source(read_strategy_request(request), source)
        with working("explain the returns"):
            document = examination.factors(asked, wanted)
        answers.keep("factors", asked, document, names=wanted)
    else:
        from portopt.domain.errors import MissingInput
        from portopt.doors.commands.orders import Options, read_order
        from portopt.runtime import runtime

        if request is not None or holdings is None:
            fixes = ["portopt factors request.json", "portopt factors --holdings holdings.csv --prices prices.csv"]
            raise MissingInput("give either a request file or --holdings", field="FILE", fixes=fixes)
        sets = () if source is None else (f"estimation.factors={_spelled(source)}",)
        order = read_order(Options(holdings, prices, policy, universe, benchmark, sets=sets), runtime())
        with working("explain the returns"):
            document = examination.factors(order, wanted, runtime())
        answers.keep("factors", order, document, runtime(), names=wanted)
    if plot is not None:
        from portopt.reports.svg.drawings import factors_plot

        write_plot(factors_plot, document, plot)
    return Answer(document, lambda console: _print_factors(document, console))


def forecasts(
    request: Annotated[str | None, REQUEST] = None,
    holdings: Annotated[str | None, typer.Option(help="Instead of FILE: holdings, as for `rebalance`.")] = None,
    prices: Annotated[Path | None, typer.Option(help="Prices, as for `rebalance`.")] = None,
    universe: Annotated[Path | None, typer.Option(help="Candidates, as for `rebalance`.")] = None,
    covariances: Annotated[str, typer.Option(help="Covariance estimators; the others are measured against the first.")] = (
        "sample,ledoit_wolf,ewma,regime_ewma"
    ),
    means: Annotated[str, typer.Option(help="Expected-return estimators, likewise.")] = "historical_mean,bayes_stein",
    window: Annotated[int, typer.Option(min=20, max=100_000, help="Returns each forecast may see.")] = 252,
    step: Annotated[int, typer.Option(min=1, max=10_000, help="Returns it is held against, and then forgets.")] = 21,
    plot: Plotted = None,
    as_json: Json = False,
) -> Answer:
    """Compare estimators out of sample on your own returns: which risk forecasts were right, and by how much."""
    from portopt.doors.commands.progress import Spinner
    from portopt.questions import examination
    from portopt.runs import answers

    chosen = [[name.strip() for name in names.split(",") if name.strip()] for names in (covariances, means)]
    how: dict[str, Any] = {"window": window, "step": step}
    with Spinner() as spinner, spinner.step("walk through the history"):
        if request is not None and holdings is None:
            asked = read_strategy_request(request)
            document = examination.forecasts(asked, *chosen, **how)
            answers.keep("forecasts", asked, document, covariances=chosen[0], means=chosen[1], **how)
        else:
            from portopt.domain.errors import MissingInput
            from portopt.doors.commands.orders import Options, read_order
            from portopt.runtime import runtime

            if request is not None or holdings is None:
                fixes = ["portopt forecasts request.json", "portopt forecasts --holdings holdings.csv --prices prices.csv"]
                raise MissingInput("give either a request file or --holdings", field="FILE", fixes=fixes)
            order = read_order(Options(holdings, prices, universe=universe), runtime())
            document = examination.forecasts(order, *chosen, **how, runtime=runtime())
            answers.keep("forecasts", order, document, runtime(), covariances=chosen[0], means=chosen[1], **how)
    if plot is not None:
        from portopt.reports.svg.drawings import forecasts_plot

        write_plot(forecasts_plot, document, plot)
    return Answer(document, lambda console: _print_forecasts(document, console))


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


def _print_views(document: dict[str, Any], console: Console) -> None:
    from portopt.document.formats import percent

    keys = ("expected_return_before", "expected_return_after", "volatility_before", "volatility_after")
    rows = [[row["asset_id"], *(percent(row[key]) for key in keys)] for row in document["beliefs"]]
    table(console, ["", "Return before", "after", "Volatility before", "after"], rows)
    for view in document.get("views", []):
        said = {name: percent(v) if isinstance(v, float) and name != "confidence" else v for name, v in view.items()}
        told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in said.items() if view[name] is not None)
        console.print(told, markup=False)


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
