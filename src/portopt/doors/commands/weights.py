"""Questions about weights alone: one optimization, one frontier."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.surface import Answer, Json, read_document

if TYPE_CHECKING:
    from rich.console import Console

REQUEST = typer.Argument(metavar="FILE", help="A strategy optimization request (JSON), or - for stdin.")


def optimize(request: Annotated[str, REQUEST], as_json: Json = False) -> Answer:
    """Answer one strategy optimization request (S1). Needs no prices and no database."""
    from portopt.dialects.names import in_s1_words
    from portopt.dialects.strategy import read_request, write_response
    from portopt.doors.commands.progress import working
    from portopt.questions import service
    from portopt.runs import answers

    asked = read_request(read_document(request, "request"))
    with working("optimize"), in_s1_words():
        response = write_response(asked, service.optimize(asked, prices_solved_again=True))
    answers.keep("optimize", asked, response)
    return Answer(response, lambda console: print_weights(response, console))


def frontier(
    request: Annotated[str | None, REQUEST] = None,
    holdings: Annotated[str | None, typer.Option(help="Instead of FILE: holdings, as for `rebalance`.")] = None,
    prices: Annotated[Path | None, typer.Option(help="Prices, as for `rebalance`.")] = None,
    policy: Annotated[str, typer.Option(help="Policy id, or a JSON file.")] = "quality_focused",
    universe: Annotated[Path | None, typer.Option(help="Candidates, as for `rebalance`.")] = None,
    benchmark: Annotated[Path | None, typer.Option(help="Benchmark weights, as for `rebalance`.")] = None,
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
    plot: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Also draw it into this file.")] = None,
    as_json: Json = False,
) -> Answer:
    """The efficient frontier under the request's own limits."""
    from portopt.domain.errors import MissingInput
    from portopt.doors.commands.progress import working
    from portopt.questions import service
    from portopt.runs import answers

    bounds: dict[str, Any] = {"points": points}
    bounds |= {"min_return": _finite(min_return, "--min-return"), "max_risk": _finite(max_risk, "--max-risk")}
    asked = {"confidence": _finite(confidence, "--confidence"), "horizon": horizon}
    bounds |= {"risk_measure": risk_measure, "options": {name: v for name, v in asked.items() if v is not None}}
    if (request is None) == (holdings is None):
        fixes = ["portopt frontier request.json", "portopt frontier --holdings holdings.csv --prices prices.csv"]
        raise MissingInput("give either a request file or --holdings", field="FILE", fixes=fixes)
    if request is not None:
        from portopt.dialects.strategy import read_request

        asked_for = read_request(read_document(request, "request"))
        with working("draw the frontier"):
            document = service.frontier(asked_for, **bounds)
        answers.keep("frontier", asked_for, document, **bounds)
    else:
        from portopt.doors.commands.orders import Options, read_order
        from portopt.runtime import runtime

        options = Options(holdings=holdings, prices=prices, policy=policy, universe=universe, benchmark=benchmark)
        order = read_order(options, runtime())
        with working("draw the frontier"):
            document = service.frontier(order, runtime(), **bounds)
        answers.keep("frontier", order, document, runtime(), **bounds)
    if plot is not None:
        from portopt.doors.commands.plots import write_plot
        from portopt.reports.svg.drawings import frontier_plot

        write_plot(frontier_plot, document, plot)
    return Answer(document, lambda console: _print_frontier(document, console))


def _finite(value: float | None, option: str) -> float | None:
    import math

    from portopt.domain.errors import InvalidValue

    if value is not None and not math.isfinite(value):
        raise InvalidValue(option, str(value), "is not a finite number", fix=f"write {option} 0.1 for 10 %")
    return value


def _print_frontier(document: dict[str, Any], console: Console) -> None:
    from portopt.reports.terminal import print_frontier

    print_frontier(document, console)


def print_weights(response: dict[str, Any], console: Console) -> None:
    """Weights, figures, what binds and the certificate, in a few lines."""
    from rich.table import Table
    from rich.text import Text

    from portopt.document.formats import measure, percent, scientific
    from portopt.document.prices import step_in_words, worth_in_words

    table = Table(box=None, pad_edge=False)
    table.add_column("Strategy")
    table.add_column("Weight", justify="right")
    for name, weight in response["optimal_weights"].items():
        table.add_row(Text(name), percent(weight))
    console.print(table)
    sharpe = response["sharpe_ratio"]
    figures = f"expected return {percent(response['expected_return'])} · volatility {percent(response['expected_volatility'])}"
    console.print(Text(f"{figures} · Sharpe ratio {'not defined' if sharpe is None else f'{sharpe:.3f}'}"))
    ours = response["portopt"]
    for price in ours["binding_limits"]:
        name = f"{price['limit']} {price['member']}".strip()
        step = step_in_words(price["step"], price["unit"])
        worth = worth_in_words(price).replace("≤", "at most")
        console.print(Text(f"binding: {name} at {measure(price['bound'], price['unit'])}, worth {worth} for {step} more"))
    for note in ours["notes"]:
        console.print(Text(f"note: {note}", style="dim"))
    paper = ours["certificate"]
    residuals = f"worst violation {scientific(paper['worst_violation'])}, relative gap {scientific(paper['relative_gap'])}"
    console.print(Text(f"{paper['verdict']}: {residuals}"))
