"""Certified weights, for requests that bring their own beliefs and for books: one, or many that share their work."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from portopt import formulation, pipeline
from portopt.domain.certificate import ValidatedSolution
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.errors import OutsideError, PortoptError
from portopt.domain.explanation import LeftOut, ShadowPrice
from portopt.domain.found import RestsOn
from portopt.domain.market import MarketSnapshot
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.request import RebalanceRequest
from portopt.domain.solution import RawAnswer
from portopt.questions import many
from portopt.questions.posed import Asked, prices_of, rests_on
from portopt.questions.sharing import Kept, Sharing

if TYPE_CHECKING:
    from portopt.runtime import Runtime

STAGES = ("estimate", "solve", "audit", "prices")


@dataclass(frozen=True, slots=True, eq=False)
class CertifiedWeights:
    """A certified choice of weights, with the prices of its limits. seconds: wall time of the whole question.

    timings: seconds by stage of it (estimate, solve, audit, prices). left_out: what could not be said about it.
    rests_on: the prices, of a book.
    """

    request: Asked
    problem: Problem
    form: StandardForm
    validated: ValidatedSolution
    prices: tuple[ShadowPrice, ...]
    gave_way: tuple[Any, ...]
    seconds: float
    left_out: tuple[LeftOut, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    rests_on: RestsOn | None = None


def optimize(
    request: Asked,
    runtime: Runtime | None = None,
    *,
    prices_solved_again: bool = False,
    until: Deadline = NEVER,
    kept: Kept | None = None,
) -> CertifiedWeights:
    """Certified weights; of a book, those that its policy wants before shares are whole. Raises InfeasibleRequest, diagnosed.

    runtime: to read a book's prices.
    prices_solved_again: what more room under a binding limit gains is found by solving again, as far as that is affordable;
    else, in no time, the most that it can gain is told.
    until: ends the work; a search in whole numbers then gives the best it has, with its gap. kept: beliefs named before.
    """
    from portopt.analysis import Attempts

    read = [time.perf_counter()]
    snapshot = prices_of(request, runtime)
    problem = formulation.pose(request, snapshot, until)
    problem = problem if kept is None else kept.problem(problem)
    read.append(time.perf_counter())
    answer = pipeline.optimize(problem, formulation.order_of_giving_way(request.relax_order, request.limits))
    read.append(time.perf_counter())
    validated = pipeline.certify(answer, snapshot)
    read.append(time.perf_counter())
    form, raw, said = answer.form, validated.solution.raw, Attempts()
    problem = _told_of_its_end(answer.problem, raw, until)
    prices = pipeline.prices_of(problem, form, raw, said, again=prices_solved_again)
    read.append(time.perf_counter())
    timings = {stage: after - before for stage, before, after in zip(STAGES, read, read[1:], strict=False)}
    on, left_out, seconds = rests_on(snapshot, runtime), tuple(said.left_out), read[-1] - read[0]
    return CertifiedWeights(request, problem, form, validated, prices, answer.gave_way, seconds, left_out, timings, on)


def optimize_many(
    requests: Sequence[Asked | PortoptError],
    runtime: Runtime | None = None,
    *,
    processes: int = 1,
    until: Deadline = NEVER,
) -> list[CertifiedWeights | PortoptError]:
    """An answer or a refusal for each request, in their order; one that fails does not hold up the others.

    Requests on equal covariances share their work. processes: how many share all of it; the answers are the same.
    A request that could not be read is given as the error it was refused with, and is its own refusal. until: ends all of them.
    runtime: to read the prices of books.
    """
    found: dict[int, CertifiedWeights | PortoptError] = {}
    problems: dict[int, Problem] = {}
    snapshots: dict[int, MarketSnapshot | None] = {}
    sharing = Sharing()
    for k, request in enumerate(requests):
        try:
            if isinstance(request, PortoptError):
                found[k] = request
                continue
            shared = request if isinstance(request, RebalanceRequest) else sharing.request(request)
            if formulation.order_of_giving_way(request.relax_order, request.limits):
                found[k] = optimize(shared, runtime, until=until)
            else:
                snapshots[k] = prices_of(shared, runtime)
                problems[k] = sharing.problem(formulation.pose(shared, snapshots[k], until))
        except PortoptError as error:
            found[k] = error
    answers = many.optimize_batch(list(problems.values()), processes=processes, keep_forms=True)
    for k, answer in zip(problems, answers, strict=True):
        try:
            found[k] = _member(requests[k], answer, until, rests_on(snapshots[k], runtime))
        except PortoptError as error:
            found[k] = error
    return [found[k] for k in range(len(requests))]


def _told_of_its_end(problem: Problem, raw: RawAnswer | None, until: Deadline) -> Problem:
    """Of a search that its time ended before its gap was closed, a note that says so, and how wide the gap is."""
    if raw is None or raw.mip_gap is None or not until.is_over:
        return problem
    from portopt.optimization.integers.mixed_integer import ASKED_GAP

    if raw.mip_gap <= ASKED_GAP:
        return problem
    note = (
        f"the {until.allowed:.3g} s that were allowed ended the search: these weights are the best found by then; "
        f"no other can be better by more than {raw.mip_gap:.2g} of the objective's value"
    )
    return problem.replaced(notes=(*problem.notes, note))


def _member(
    request: Asked | PortoptError, answer: many.CertifiedMember, until: Deadline, on: RestsOn | None
) -> CertifiedWeights | PortoptError:
    """One member of a batch as its own answer."""
    from portopt.analysis import Attempts
    from portopt.domain.infeasible import infeasible_request

    if isinstance(request, PortoptError):
        return request
    if answer.diagnosis is not None:
        return infeasible_request(answer.problem, answer.diagnosis)
    if answer.validated is None:
        return answer.error or OutsideError("the batch ended without an answer to this request")
    form, raw, said = answer.form(), answer.validated.solution.raw, Attempts()
    problem = _told_of_its_end(answer.problem, raw, until)
    prices = pipeline.prices_of(problem, form, raw, said, again=False)
    seconds, left_out = 0.0 if raw is None else raw.seconds, tuple(said.left_out)
    return CertifiedWeights(request, problem, form, answer.validated, prices, (), seconds, left_out, rests_on=on)
