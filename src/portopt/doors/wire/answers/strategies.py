"""S1: answers in the same request, each with its rows, its event and its seconds by stage."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from portopt.dialects.names import in_s1_words
from portopt.dialects.strategy import read_request, write_response
from portopt.dialects.strategy_batch import read_requests
from portopt.domain.errors import PortoptError, UnknownThing
from portopt.domain.request import OptimizationRequest
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.problems import told_of
from portopt.questions.sharing import Kept
from portopt.questions.weights import CertifiedWeights, optimize_many
from portopt.questions.weights import optimize as certified
from portopt.runs import answers

if TYPE_CHECKING:
    from portopt.runtime import Runtime

ANSWER = ("portfolio_id", "optimal_weights", "expected_return", "expected_volatility", "sharpe_ratio", "optimization_metadata")


def optimize(asked: Asked) -> Answered:
    """S1's OptimizationResponse."""
    asked.only()
    read = [time.perf_counter()]
    kept = kept_beliefs(asked.runtime)
    with in_s1_words():
        request = read_request(asked.data(), kept.named)
        asked.portfolio(request.portfolio_id)
        read.append(time.perf_counter())
        answer = certified(request, until=asked.until, kept=kept)
        document = write_response(request, answer)
    read.append(time.perf_counter())
    answers.keep("optimize", request, document, asked.runtime)
    read.append(time.perf_counter())
    return Answered(document, timings={"data": read[1] - read[0], **answer.timings, "store": read[3] - read[2]})


def optimize_batch(asked: Asked) -> Answered:
    """A list in the order asked: each member S1's OptimizationResponse, or the problem object it was refused with."""
    asked.only()
    read = [time.perf_counter()]
    kept = kept_beliefs(asked.runtime)
    with in_s1_words():
        requests = [_seen(asked, member) for member in read_requests(asked.data(), kept.named)]
        read.append(time.perf_counter())
        answered = optimize_many(requests, until=asked.until)
        written = [_written(asked, k, *pair) for k, pair in enumerate(zip(requests, answered, strict=True))]
    read.append(time.perf_counter())
    answers.keep_all("optimize", _answered(requests, answered, written), asked.runtime)
    read.append(time.perf_counter())
    return Answered(written, timings=dict(zip(("data", "solve", "store"), _steps(read), strict=True)))


def latest(asked: Asked) -> Answered:
    """S1's OptimizationResponse of the newest row of `portfolio_optimization_ts`, of either kind."""
    asked.only()
    portfolio_id = asked.portfolio()
    row = asked.runtime.portfolios.latest(portfolio_id) if asked.runtime.has_store else None
    if row is None:
        raise UnknownThing("optimization of portfolio", portfolio_id, field="portfolio_id", fixes=["ask for one first"])
    return Answered({name: portfolio_id if name == "portfolio_id" else row[name] for name in ANSWER})


@lru_cache(maxsize=1)
def kept_beliefs(runtime: Runtime) -> Kept:
    """The last few beliefs that this process was asked about; their store is opened by the first request that names one."""
    return Kept(lambda beliefs_id: runtime.beliefs.get(beliefs_id))


def _seen(asked: Asked, member: OptimizationRequest | PortoptError) -> OptimizationRequest | PortoptError:
    """A member of a portfolio that who asks may not see is refused for itself."""
    if isinstance(member, PortoptError):
        return member
    try:
        asked.portfolio(member.portfolio_id)
    except UnknownThing as error:
        return error
    return member


def _written(
    asked: Asked, k: int, request: OptimizationRequest | PortoptError, answer: CertifiedWeights | PortoptError
) -> dict[str, Any]:
    if isinstance(answer, PortoptError) or isinstance(request, PortoptError):
        refusal = answer if isinstance(answer, PortoptError) else request
        assert isinstance(refusal, PortoptError)  # noqa: S101 - for the type alone
        return told_of(refusal, request_id=asked.call.request_id, instance=f"{asked.call.instance}#/{k}")
    return write_response(request, answer)


def _answered(
    requests: Sequence[OptimizationRequest | PortoptError],
    answered: Sequence[CertifiedWeights | PortoptError],
    written: Sequence[dict[str, Any]],
) -> list[tuple[answers.Asked, dict[str, Any]]]:
    """The members that were answered, with their documents."""
    return [
        (request, document)
        for request, answer, document in zip(requests, answered, written, strict=True)
        if isinstance(request, OptimizationRequest) and not isinstance(answer, PortoptError)
    ]


def _steps(read: Sequence[float]) -> list[float]:
    return [after - before for before, after in pairwise(read)]
