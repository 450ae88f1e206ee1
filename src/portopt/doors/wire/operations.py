"""The catalog of what the service answers: one line an operation, for REST and gRPC alike.

An operation that works (`works`) is answered by a warm process; one that only reads or writes the store, in a thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from portopt.doors.wire.asked import Answers
from portopt.doors.wire.call import JSON

ANSWERS = "portopt.doors.wire.answers"


@dataclass(frozen=True, slots=True)
class Operation:
    """name: also of the operation in OpenAPI. path: under /api/v1. answer: `module:function` under `answers/`.

    question: the file of questions/ that it asks, where it asks one. keyed: whether an Idempotency-Key counts.
    takes, gives: content types of the body that is read and of the answer, the usual one first.
    """

    name: str
    method: str
    path: str
    scope: str
    answer: str
    about: str
    question: str | None = None
    works: bool = False
    keyed: bool = False
    takes: tuple[str, ...] = (JSON,)
    gives: tuple[str, ...] = (JSON,)

    def function(self) -> Answers:
        module, _, name = self.answer.partition(":")
        found: Answers = getattr(import_module(f"{ANSWERS}.{module}"), name)
        return found


def _by_name(operations: Iterable[Operation]) -> dict[str, Operation]:
    return {operation.name: operation for operation in operations}


OPERATIONS: Final = _by_name(
    (
        # S1
        Operation("optimize", "POST", "/optimize", "ask", "strategies:optimize",
                  "Certified weights for a request that brings its own beliefs.", "weights", works=True, keyed=True),
        Operation("optimize_batch", "POST", "/optimize/batch", "ask", "strategies:optimize_batch",
                  "An answer or a problem for each of many such requests, in their order.", "weights", works=True, keyed=True),
        Operation("latest_optimization", "GET", "/optimization/{portfolio_id}/latest", "read", "strategies:latest",
                  "The newest optimization of a portfolio, of either kind."),
    )
)  # fmt: skip
