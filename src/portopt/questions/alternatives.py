"""The choices a desk has, doing nothing first: each the same book, prices and limits with another aim, priced for the policy.

Each is a request of its own that anybody may ask; what they have in common (beliefs, and what is factored of them) is worked
out once. A choice is certified like every answer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portopt import formulation, pipeline
from portopt.analysis.yardstick import Yardstick
from portopt.domain.certificate import ValidatedSolution
from portopt.domain.choices import Alternative, Alternatives, NotOffered
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.errors import DeadlineExceeded, InvalidValue, PortoptError
from portopt.domain.problem import Problem
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord
from portopt.ports import MarketDataProvider
from portopt.questions.posed import OnPrices, kept_prices, on_prices
from portopt.questions.rebalance import rebalance
from portopt.runs.identity import run_identity

if TYPE_CHECKING:
    from portopt.runtime import Runtime

NOTHING = "do_nothing"
POLICY = "policy"
QUICK_WORK = 200.0  # of diagnosis/effort.py: why a choice is none is told in a sentence, not with every way out


@dataclass(frozen=True, slots=True)
class Choice:
    """A line of the catalog. asks: the request with this aim, or in words why this book has no such choice."""

    name: str
    title: str
    about: str
    asks: Callable[[RebalanceRequest], RebalanceRequest | str]


def _aiming_at(objective: Mapping[str, Any], needs: Callable[[RebalanceRequest], str] = lambda request: "") -> Any:
    def asks(request: RebalanceRequest) -> RebalanceRequest | str:
        why = needs(request)
        if why:
            return why
        if dict(request.policy.objective) == dict(objective):
            return "the policy asks for just that"
        return request.seeking(dataclasses.replace(request.policy, objective=dict(objective)))

    return asks


def _buy_only(request: RebalanceRequest) -> RebalanceRequest | str:
    if request.policy.limits.get("buy_only"):
        return "the policy asks for just that"
    limits = {**request.policy.limits, "buy_only": True}
    return request.seeking(dataclasses.replace(request.policy, limits=limits))


def _benchmark(request: RebalanceRequest) -> str:
    return "" if request.benchmark else "there is no benchmark: --benchmark FILE, or a column benchmark_weight"


def _costs(request: RebalanceRequest) -> str:
    return "" if request.policy.costs else "the policy charges no costs"


def _scores(request: RebalanceRequest) -> str:
    scored = any(asset.esg_score is not None for asset in request.universe.assets)
    return "" if scored else "no asset has an ESG score: a column esg_score in the holdings or universe file"


CHOICES = (
    Choice("least_trading", "Least trading", "the smallest turnover after which every limit holds",
           _aiming_at({"kind": "min_turnover"})),
    Choice("buy_only", "Buy only", "the policy's aim without a sale", _buy_only),
    Choice(POLICY, "Policy", "what the policy asks for", lambda request: request),
    Choice("least_risk", "Least risk", "the lowest volatility within the limits", _aiming_at({"kind": "min_risk"})),
    Choice("least_tracking_error", "Least tracking error", "as close to the benchmark as the limits allow",
           _aiming_at({"kind": "min_tracking_error"}, _benchmark)),
    Choice("least_cost", "Least cost", "the lowest trading costs after which every limit holds",
           _aiming_at({"kind": "min_cost"}, _costs)),
    Choice("best_esg", "Best ESG score", "the highest ESG score within the limits",
           _aiming_at({"kind": "multi_objective", "weights": {"esg": 1.0}}, _scores)),
)  # fmt: skip
NAMES = (NOTHING, *(choice.name for choice in CHOICES))


def alternatives(
    asked: RebalanceRequest | str,
    runtime: Runtime,
    *,
    market: MarketDataProvider | None = None,
    until: Deadline = NEVER,
) -> Alternatives:
    """Every choice there is, certified and compared, and those there are not, with the reason.

    asked: a rebalance, or the id of a stored one. market: prices from here instead of the request's provider.
    A choice whose limits cannot hold together is not offered; where even the policy's cannot, nothing is priced.
    Raises DeadlineExceeded.
    """
    on = on_prices(asked, runtime, market)
    problem = formulation.formulate(on.request, on.snapshot, pipeline.estimate(on.request, on.snapshot), until)
    found: dict[str, _Answer | str] = {}
    for choice in CHOICES:
        request = choice.asks(on.request)
        found[choice.name] = request if isinstance(request, str) else _answered(request, on, problem)
    policy = found[POLICY]
    yardstick = Yardstick(problem, None if isinstance(policy, str) else policy.validated.weights)
    offered = [_nothing(problem, yardstick)]
    offered += [_offered(c, answer, on, yardstick) for c in CHOICES if not isinstance(answer := found[c.name], str)]
    without = [NotOffered(c.name, c.title, why) for c in CHOICES if isinstance(why := found[c.name], str)]
    return Alternatives(on.request, problem, tuple(offered), tuple(without), kept_prices(on, runtime))


def select(
    asked: RebalanceRequest | str, name: str, runtime: Runtime, *, market: MarketDataProvider | None = None
) -> RunRecord:
    """The proposal of one choice, in whole shares, stored: the same run as asking for its request makes.

    Raises InvalidValue for a choice that nobody knows, that this book does not have, or that trades nothing.
    """
    on = on_prices(asked, runtime, market)
    return rebalance(request_of(on.request, name), runtime, market=on.market)


def request_of(request: RebalanceRequest, name: str) -> RebalanceRequest:
    """What asks for one choice. Raises InvalidValue."""
    if name == NOTHING:
        raise InvalidValue("select", name, "proposes no trade: there is nothing to carry out", fix="approve no proposal")
    choice = next((choice for choice in CHOICES if choice.name == name), None)
    if choice is None:
        raise InvalidValue("select", name, "is no alternative", fix=f"use one of: {', '.join(NAMES)}")
    found = choice.asks(request)
    if isinstance(found, str):
        raise InvalidValue("select", name, f"is not offered here: {found}")
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    request: RebalanceRequest
    solved: pipeline.Solved
    validated: ValidatedSolution


def _answered(request: RebalanceRequest, on: OnPrices, policy: Problem) -> _Answer | str:
    """The certified answer, or why there is none, in a sentence. policy: the problem that the choices are variations of."""
    try:
        problem = policy if request is on.request else formulation.with_terms_of(policy, request, on.snapshot)
        solved = pipeline.optimize_posed(problem, request, on.snapshot, work=QUICK_WORK)
        return _Answer(request, solved, pipeline.certify(solved, on.snapshot))
    except DeadlineExceeded:
        raise
    except PortoptError as refusal:
        return refusal.detail


def _nothing(problem: Problem, yardstick: Yardstick) -> Alternative:
    """The book as it is, held against every limit like the others."""
    about = "the book as it is"
    return Alternative(NOTHING, "Do nothing", about, "", None, yardstick.measured(problem.previous()), None)


def _offered(choice: Choice, answer: _Answer, on: OnPrices, yardstick: Yardstick) -> Alternative:
    return Alternative(
        name=choice.name,
        title=choice.title,
        about=choice.about,
        run_id=run_identity(answer.request, on.snapshot),
        request=answer.request,
        measured=yardstick.measured(answer.validated.weights),
        certificate=answer.validated.certificate,
        gave_way=tuple(step.because for step in answer.solved.gave_way),
    )
