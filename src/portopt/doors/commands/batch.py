"""Many questions about weights in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.documents import read_document
from portopt.doors.commands.options import Within, deadline
from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portopt.domain.errors import PortoptError
    from portopt.domain.request import AnyRequest
    from portopt.runtime import Runtime


def batch(
    requests: Annotated[
        str,
        typer.Argument(metavar="FILE", help="A list of strategy optimization requests and ids of stored runs (JSON), or -."),
    ],
    processes: Annotated[int, typer.Option(min=1, max=256, help="Processes to spread them over.")] = 1,
    within: Within = None,
    as_json: Json = False,
) -> Shown:
    """Answer many strategy optimization requests in one call; what one of them lacks does not hold up the others."""
    from portopt.dialects.strategy_batch import write_responses
    from portopt.domain.errors import PortoptError
    from portopt.doors.commands.progress import Spinner
    from portopt.questions.weights import optimize_many
    from portopt.reports.answers import print_batch
    from portopt.runs import answers

    with Spinner() as spinner, spinner.step("optimize"):
        asked, here = posed_many(read_document(requests, "requests"))
        documents = write_responses(asked, optimize_many(asked, here, processes=processes, until=deadline(within)))
    told = zip(asked, documents, strict=True)
    answered = [(a, document) for a, document in told if not isinstance(a, PortoptError) and "code" not in document]
    for name in ("optimize", "weights"):
        answers.keep_all(name, [pair for pair in answered if answers.kind_of_weights(pair[0]) == name], here)
    return Shown(documents, lambda console: print_batch(documents, console))


def posed_many(listed: Any) -> tuple[Sequence[AnyRequest | PortoptError], Runtime | None]:
    """Each request, or what was wrong with it, and the installation where one of them is a stored run (`"reb-…"`).

    Raises InvalidValue for what is no list.
    """
    from portopt.dialects.strategy_batch import read_requests
    from portopt.runs.asked_again import is_run
    from portopt.runtime import runtime

    found = read_requests(listed)
    of_runs = [isinstance(item, str) and is_run(item) for item in listed]
    if not any(of_runs):
        return found, None
    pairs = zip(listed, found, of_runs, strict=True)
    return [_of_run(item, runtime()) if of_run else one for item, one, of_run in pairs], runtime()


def _of_run(run_id: str, here: Runtime) -> AnyRequest | PortoptError:
    from portopt.domain.errors import PortoptError
    from portopt.runs.asked_again import request_of

    try:
        return request_of(run_id, here)
    except PortoptError as error:
        return error
