"""S1: answers in the same request."""

from __future__ import annotations

import time

from portopt.dialects.names import in_s1_words
from portopt.dialects.strategy import read_request, write_response
from portopt.doors.wire.asked import Answered, Asked
from portopt.questions.weights import optimize as certified
from portopt.runs import answers


def optimize(asked: Asked) -> Answered:
    """S1's OptimizationResponse."""
    began = time.perf_counter()
    request = read_request(asked.data())
    asked.portfolio(request.portfolio_id)
    read = time.perf_counter()
    with in_s1_words():
        document = write_response(request, certified(request, until=asked.until))
    solved = time.perf_counter()
    answers.keep("optimize", request, document, asked.runtime)
    stored = time.perf_counter()
    return Answered(document, timings={"data": read - began, "solve": solved - read, "store": stored - solved})
