"""Many questions about weights in one call."""

from __future__ import annotations

from typing import Annotated

import typer

from portopt.doors.commands.documents import read_document
from portopt.doors.commands.options import Within, deadline
from portopt.doors.commands.surface import Json, Shown


def batch(
    requests: Annotated[str, typer.Argument(metavar="FILE", help="A list of strategy optimization requests (JSON), or -.")],
    processes: Annotated[int, typer.Option(min=1, max=256, help="Processes to spread them over.")] = 1,
    within: Within = None,
    as_json: Json = False,
) -> Shown:
    """Answer many strategy optimization requests in one call; what one of them lacks does not hold up the others."""
    from portopt.dialects.strategy_batch import read_requests, write_responses
    from portopt.domain.errors import PortoptError
    from portopt.doors.commands.progress import Spinner
    from portopt.questions.weights import optimize_many
    from portopt.reports.answers import print_batch
    from portopt.runs import answers

    with Spinner() as spinner, spinner.step("optimize"):
        asked = read_requests(read_document(requests, "requests"))
        documents = write_responses(asked, optimize_many(asked, processes=processes, until=deadline(within)))
    told = zip(asked, documents, strict=True)
    answered = [(a, document) for a, document in told if not isinstance(a, PortoptError) and "code" not in document]
    answers.keep_all("optimize", answered)
    return Shown(documents, lambda console: print_batch(documents, console))
