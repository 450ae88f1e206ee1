"""Many questions about weights in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.documents import read_document
from portopt.doors.commands.surface import Answer, Json

if TYPE_CHECKING:
    from rich.console import Console

    from portopt.domain.request import OptimizationRequest


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
