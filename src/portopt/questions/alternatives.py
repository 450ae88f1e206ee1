"""The choices a desk has, doing nothing first: each the same book, prices and limits with another aim, priced for the policy.

Each is a request of its own that anybody may ask; what they have in common (beliefs, and what is factored of them) is worked
out once. A choice is certified like every answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from portopt import formulation, pipeline
from portopt.analysis.yardstick import Yardstick, tax_money
from portopt.domain.approval import ApprovalWanted
from portopt.domain.certificate import ValidatedSolution
from portopt.domain.choices import Alternative, Alternatives, NotOffered
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.errors import DeadlineExceeded, InvalidValue, PortoptError
from portopt.domain.problem import Problem
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord
from portopt.intake.choices import NOTHING, POLICY, Choice, TaxChoice, choices_of, request_of
from portopt.ports import MarketDataProvider
from portopt.questions.posed import OnPrices, kept_prices, on_prices
from portopt.questions.rebalance import rebalance
from portopt.questions.stands import REMEMBERED, kept
from portopt.runs.identity import run_identity

if TYPE_CHECKING:
    from portopt.runtime import Runtime

QUICK_WORK = 200.0  # of diagnosis/effort.py: why a choice is none is told in a sentence, not with every way out


def alternatives(
    asked: RebalanceRequest | RunRecord | str,
    runtime: Runtime,
    *,
    market: MarketDataProvider | None = None,
    until: Deadline = NEVER,
) -> Alternatives:
    """Every choice there is, certified and compared, and those there are not, with the reason.

    asked: a rebalance, or a stored one, or its id. market: prices from here instead of the request's provider.
    A choice whose limits cannot hold together is not offered; where even the policy's cannot, nothing is priced.
    Raises DeadlineExceeded.
    """
    on = on_prices(asked, runtime, market)
    known = REMEMBERED.get(on)
    problem = _posed(on, until) if known is None else known.posed.replaced(until=until)
    policy = _answered(on.request, on, problem) if known is None else _Answer(on.request, known.solved, known.validated)
    if known is None and not isinstance(policy, str):
        kept(on, problem, policy.solved, policy.validated)
    found: dict[str, _Answer | str] = {POLICY: policy}
    choices = choices_of(on.request)
    for choice in choices:
        request = _asked(choice, on.request, policy)
        if choice.name not in found:
            found[choice.name] = request if isinstance(request, str) else _answered(request, on, problem, policy)
    yardstick = Yardstick(problem, None if isinstance(policy, str) else policy.validated.weights)
    offered = [_nothing(problem, yardstick)]
    offered += [_offered(c, answer, on, yardstick) for c in choices if not isinstance(answer := found[c.name], str)]
    without = [NotOffered(c.name, c.title, why) for c in choices if isinstance(why := found[c.name], str)]
    return Alternatives(on.request, problem, tuple(offered), tuple(without), kept_prices(on, runtime), on.run_id)


def _asked(choice: Choice | TaxChoice, request: RebalanceRequest, policy: _Answer | str) -> RebalanceRequest | str:
    """Its request, or why there is none."""
    if not isinstance(choice, TaxChoice):
        return choice.asks(request)
    return policy if isinstance(policy, str) else choice.asks(request, _tax_of(policy))


def _tax_of(policy: _Answer) -> Decimal:
    return tax_money(policy.solved.asked, policy.validated.weights) or Decimal(0)


def _posed(on: OnPrices, until: Deadline) -> Problem:
    return formulation.formulate(on.request, on.snapshot, pipeline.estimate(on.request, on.snapshot), until)


def select(
    asked: RebalanceRequest | RunRecord | str,
    name: str,
    runtime: Runtime,
    *,
    market: MarketDataProvider | None = None,
    wanted: ApprovalWanted | None = None,
) -> RunRecord:
    """The proposal of one choice, in whole shares, stored: the same run as asking for its request makes.

    wanted: where a person is to approve it.

    Raises InvalidValue for a choice that nobody knows, that this book does not have, or that trades nothing.
    """
    on = on_prices(asked, runtime, market)

    def tax() -> Decimal:
        answer = _answered(on.request, on, _posed(on, NEVER))
        if isinstance(answer, str):
            raise InvalidValue("select", name, f"is not offered here: {answer}")
        return _tax_of(answer)

    return rebalance(request_of(on.request, name, tax), runtime, market=on.market, wanted=wanted)


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    request: RebalanceRequest
    solved: pipeline.Solved
    validated: ValidatedSolution


def _answered(request: RebalanceRequest, on: OnPrices, asked: Problem, policy: _Answer | str | None = None) -> _Answer | str:
    """The certified answer, or why there is none, in a sentence.

    asked: the problem that the choices are variations of; policy: its answer, which one of the same objective may keep.
    """
    try:
        problem = asked if request is on.request else formulation.with_terms_of(asked, request, on.snapshot)
        near = None
        if isinstance(policy, _Answer) and request.policy.objective == on.request.policy.objective:
            near = policy.solved
        solved = pipeline.optimize_posed(problem, request, on.snapshot, work=QUICK_WORK, neighbour=near)
        return _Answer(request, solved, pipeline.certify(solved, on.snapshot))
    except DeadlineExceeded:
        raise
    except PortoptError as refusal:
        return refusal.detail


def _nothing(problem: Problem, yardstick: Yardstick) -> Alternative:
    """The book as it is, held against every limit like the others."""
    about = "the book as it is"
    return Alternative(NOTHING, "Do nothing", about, "", None, yardstick.measured(problem.previous()), None)


def _offered(choice: Choice | TaxChoice, answer: _Answer, on: OnPrices, yardstick: Yardstick) -> Alternative:
    return Alternative(
        name=choice.name,
        title=choice.title,
        about=choice.about,
        run_id=run_identity(answer.request, on.snapshot),
        request=answer.request,
        measured=yardstick.measured(answer.validated.weights),
        certificate=answer.validated.certificate,
        gave_way=(*(step.because for step in answer.solved.gave_way), *_left(answer, yardstick.problem)),
    )


def _left(answer: _Answer, policy: Problem) -> tuple[str, ...]:
    """Limits that the book misses and this choice leaves missed, in words; none where the policy itself is asked so."""
    return tuple(note for note in answer.solved.asked.notes if answer.request.no_worse and note not in policy.notes)
