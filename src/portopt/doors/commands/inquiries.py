"""Further questions about weights: compromises, plans over periods, sensitivities, many requests at once."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.plots import write_plot
from portopt.doors.commands.surface import Answer, Json, read_document

if TYPE_CHECKING:
    from rich.console import Console

    from portopt.domain.request import OptimizationRequest

REQUEST = typer.Argument(metavar="FILE", help="A strategy optimization request (JSON), or - for stdin.")
PLOT = typer.Option("--plot", metavar="FILE.svg", help="Also draw it into this file.")
Request = Annotated[str, REQUEST]
Plotted = Annotated[Path | None, PLOT]
MEASURE = typer.Option("--risk-measure", help="What risk is: volatility, cvar, mad, max_drawdown, …")
CONFIDENCE = typer.Option("--confidence", help="Of measures that have one, such as 0.95.")
Measure = Annotated[str, MEASURE]
Confidence = Annotated[float | None, CONFIDENCE]


def read_strategy_request(name: str) -> OptimizationRequest:
    from portopt.dialects.strategy import read_request

    return read_request(read_document(name, "request"))


def pareto(
    request: Request,
    axes: Annotated[str, typer.Option(help="Two or three of return, risk, esg, cost, turnover, tracking_error.")] = (
        "return,risk,esg"
    ),
    points: Annotated[int, typer.Option(min=2, max=2_500, help="About how many portfolios.")] = 49,
    risk_measure: Measure = "volatility",
    confidence: Confidence = None,
    plot: Plotted = None,
    as_json: Json = False,
) -> Answer:
    """The best compromises between several aims, the current book located among them, and their rates of exchange."""
    from portopt.doors.commands.progress import Spinner
    from portopt.questions import inquiries
    from portopt.runs import answers

    asked = read_strategy_request(request)
    named = [name.strip() for name in axes.split(",") if name.strip()]
    how: dict[str, Any] = {"risk_measure": risk_measure, "options": measure_options(confidence)}
    with Spinner() as spinner, spinner.step("solve the surface"):
        document = inquiries.pareto(asked, named, points, **how, progress=spinner.count)
    answers.keep("pareto", asked, document, axes=named, points=points, **how)
    if plot is not None:
        from portopt.reports.svg.drawings import pareto_plot

        write_plot(pareto_plot, document, plot)
    return Answer(document, lambda console: _print_pareto(document, console))


def lexicographic(
    request: Request,
    order: Annotated[str, typer.Option(help="Axes, the most important first: esg,risk,return")],
    tolerance: Annotated[
        list[str] | None, typer.Option(metavar="AXIS=AMOUNT", help="What later axes may take of an earlier one's best.")
    ] = None,
    risk_measure: Measure = "volatility",
    confidence: Confidence = None,
    as_json: Json = False,
) -> Answer:
    """Several aims in strict order of importance: each is best among what keeps the ones before it at their best."""
    from portopt.doors.commands.orders import read_sets
    from portopt.doors.commands.progress import working
    from portopt.questions import inquiries
    from portopt.runs import answers

    asked, tolerances = read_strategy_request(request), read_sets(tolerance or ())
    axes = [name.strip() for name in order.split(",") if name.strip()]
    given = {name: _number(value, f"--tolerance {name}") for name, value in tolerances.items()}
    how: dict[str, Any] = {"risk_measure": risk_measure, "options": measure_options(confidence)}
    with working("solve stage after stage"):
        document = inquiries.lexicographic(asked, axes, given, **how)
    answers.keep("lexicographic", asked, document, order=axes, tolerances=given, **how)
    return Answer(document, lambda console: _print_stages(document, console))


def periods(request: Request, plot: Plotted = None, as_json: Json = False) -> Answer:
    """A plan over several periods, for a request whose objective is multi_period: what to hold in each of them."""
    from portopt.doors.commands.progress import working
    from portopt.questions import inquiries
    from portopt.runs import answers

    asked = read_strategy_request(request)
    with working("plan the periods"):
        document = inquiries.periods(asked)
    answers.keep("periods", asked, document)
    if plot is not None:
        from portopt.reports.svg.drawings import periods_plot

        write_plot(periods_plot, document, plot)
    return Answer(document, lambda console: _print_periods(document, console))


def sensitivity(request: Request, as_json: Json = False) -> Answer:
    """How the optimal weights move with every binding limit, risk aversion and expected returns, and how far that holds."""
    from portopt.doors.commands.progress import working
    from portopt.questions import inquiries
    from portopt.runs import answers

    asked = read_strategy_request(request)
    with working("move every limit"):
        document = inquiries.sensitivity(asked)
    answers.keep("sensitivity", asked, document)
    return Answer(document, lambda console: _print_sensitivity(document, console))


def batch(
    requests: Annotated[str, typer.Argument(metavar="FILE", help="A list of strategy optimization requests (JSON), or -.")],
    processes: Annotated[int, typer.Option(min=1, max=256, help="Processes to spread them over.")] = 1,
    as_json: Json = False,
) -> Answer:
    """Answer many strategy optimization requests in one call; what one of them lacks does not hold up the others."""
    from portopt.doors.commands.progress import Spinner
    from portopt.questions import inquiries
    from portopt.runs import answers

    answered: list[tuple[OptimizationRequest, dict[str, Any]]] = []
    with Spinner() as spinner, spinner.step("optimize"):
        documents = inquiries.batch(read_document(requests, "requests"), processes=processes, answered=answered)
    answers.keep_all("optimize", answered)
    refused = sum(1 for document in documents if "code" in document)

    def say(console: Console) -> None:
        for document in documents:
            if "code" in document:
                console.print(f"refused: {document['detail']}", markup=False)
            else:
                from portopt.doors.commands.weights import print_weights

                console.print(document["portfolio_id"], style="bold", markup=False)
                print_weights(document, console)
        console.print(f"{len(documents) - refused} answered, {refused} refused", markup=False)

    return Answer(documents, say)


def measure_options(confidence: float | None) -> dict[str, Any]:
    return {} if confidence is None else {"confidence": _number(confidence, "--confidence")}


def _number(value: Any, option: str) -> float:
    from portopt.domain.errors import InvalidValue

    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidValue(option, str(value), "is not a finite number", fix=f"write {option}=0.01")
    return float(value)


def table(console: Console, columns: list[str], rows: list[list[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for k, name in enumerate(columns):
        table.add_column(name, justify="left" if k == 0 else "right")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _amount(axis: str, value: float | None) -> str:
    from portopt.document.formats import decimal, percent

    return decimal(value) if axis == "esg" else percent(value)


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


def print_held(weights: dict[str, float], console: Console) -> None:
    from portopt.document.formats import percent

    table(console, ["Strategy", "Weight"], [[name, percent(w)] for name, w in weights.items() if w])


def _print_periods(document: dict[str, Any], console: Console) -> None:
    from portopt.document.formats import percent

    rows = document["periods"]
    held = [a for a in rows[0]["weights"] if any(abs(row["weights"][a]) > 1e-9 for row in rows)]
    lines = [[a, *(percent(row["weights"][a]) for row in rows)] for a in held]
    for name, key in (("Turnover", "turnover"), ("Expected return", "expected_return"), ("Volatility", "volatility")):
        lines.append([name, *(percent(row[key]) for row in rows)])
    console.print(document["objective"], markup=False)
    table(console, ["", *(f"period {row['period']}" for row in rows)], lines)
    paper = document["certificate"]
    console.print(f"{paper['verdict']}: relative gap {paper['relative_gap']:.1e}", markup=False)


def _print_sensitivity(document: dict[str, Any], console: Console) -> None:
    from portopt.document.prices import amount_in_words

    rows = []
    for d in [*([document["to_risk_aversion"]] if document["to_risk_aversion"] else []), *document["to_limits"]]:
        name = f"{d['limit']} {d['member']}".strip() or d["parameter"].replace("_", " ")
        most = sorted(d["weights"].items(), key=lambda item: -abs(item[1]))[:3]
        worth = "" if d["worth_per_unit"] is None else amount_in_words(d["worth_per_unit"], d["worth_unit"])
        reach = f"{_reach(d['down'])} … {_reach(d['up'])}"
        rows.append([name, worth, reach, ", ".join(f"{a} {slope:+.3f}" for a, slope in most)])
    table(console, ["Per unit of", "worth at the margin", "holds down … up", "moves most"], rows)
    for spot in document["degenerate"]:
        console.print(f"note: {spot}", markup=False, style="dim")
    if document["is_unique"] is False:
        console.print("note: other weights are as good", style="dim")
    if document["whole_numbers_stay"]:
        console.print("note: beside the whole numbers that the answer has; they open in steps", style="dim")
    for left in document["left_out"]:
        console.print(left["sentence"], markup=False, style="yellow")


def _reach(distance: float | None) -> str:
    return "∞" if distance is None else f"{distance:.4g}"
