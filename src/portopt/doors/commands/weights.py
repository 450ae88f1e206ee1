"""The plain question about weights: one optimization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portopt.doors.commands.documents import read_document
from portopt.doors.commands.options import Request, Within, deadline
from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from rich.console import Console


def optimize(request: Request, within: Within = None, as_json: Json = False) -> Shown:
    """Answer one strategy optimization request (S1). Needs no prices and no database."""
    from portopt.dialects.names import in_s1_words
    from portopt.dialects.strategy import read_request, write_response
    from portopt.doors.commands.progress import working
    from portopt.questions.weights import optimize as certified
    from portopt.runs import answers

    asked = read_request(read_document(request, "request"))
    with working("optimize"), in_s1_words():
        response = write_response(asked, certified(asked, prices_solved_again=True, until=deadline(within)))
    answers.keep("optimize", asked, response)
    return Shown(response, lambda console: print_weights(response, console))


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
