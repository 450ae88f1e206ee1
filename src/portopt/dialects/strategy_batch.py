"""Many S1 requests in one document, and a response or a problem object for each of them, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portopt.dialects.reading import list_of
from portopt.dialects.strategy import read_request
from portopt.dialects.strategy_answers import CertifiedAnswer, write_response
from portopt.dialects.strategy_beliefs import NamedBeliefs
from portopt.domain.errors import PortoptError
from portopt.domain.request import AnyRequest, OptimizationRequest

MOST_REQUESTS = 10_000


def read_requests(documents: Any, named: NamedBeliefs | None = None) -> list[OptimizationRequest | PortoptError]:
    """Each request, or what was wrong with it, named by its place in the list. named: opens beliefs that were uploaded before.

    Raises InvalidValue for what is not a list of at most MOST_REQUESTS.
    """
    found: list[OptimizationRequest | PortoptError] = []
    for k, item in enumerate(list_of(documents, "requests", least=1, most=MOST_REQUESTS)):
        try:
            found.append(read_request(item, named))
        except PortoptError as error:
            error.field = f"[{k}].{error.field}" if error.field else f"[{k}]"
            found.append(error)
    return found


def write_responses(
    requests: Sequence[AnyRequest | PortoptError], answers: Sequence[CertifiedAnswer | PortoptError]
) -> list[dict[str, Any]]:
    """A response for what was answered, the problem object for what was refused."""
    return [_written(request, answer) for request, answer in zip(requests, answers, strict=True)]


def _written(request: AnyRequest | PortoptError, answer: CertifiedAnswer | PortoptError) -> dict[str, Any]:
    if isinstance(request, PortoptError):
        return dict(request.problem())
    return dict(answer.problem()) if isinstance(answer, PortoptError) else write_response(request, answer)
