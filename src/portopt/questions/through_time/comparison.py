"""Policies side by side on one history, with what every policy should be held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from portopt.domain.backtest import BacktestRequest, Execution
from portopt.domain.canonical import plain
from portopt.domain.errors import InvalidValue
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import Policy
from portopt.judgement.walked import Compared
from portopt.ports import MarketDataProvider
from portopt.questions.through_time.backtest import Backtest, data_of, require_sound_question
from portopt.questions.through_time.question import Wanted, asked_on, question, without_impact
from portopt.questions.through_time.trials import count_trials
from portopt.runs.through_time.question import MOST_SIDES, Question
from portopt.simulation.charged import charged_by_policy
from portopt.simulation.frontier_walk import FEWEST_POINTS, OnFrontier
from portopt.simulation.history import History
from portopt.simulation.strategies import Decider

if TYPE_CHECKING:
    from portopt.runtime import Runtime


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """requests: by the name of each strategy, the first first. base: the question that they share."""

    base: Backtest
    requests: Mapping[str, BacktestRequest]

    @property
    def history(self) -> History:
        return self.base.history

    @property
    def deciders(self) -> Mapping[str, Decider]:
        """Who decides for each, where it is not its policy by itself: for a point of a frontier, that point."""
        points = self.base.asked.points
        return {name: OnFrontier(request, k, points) for k, (name, request) in enumerate(self.requests.items()) if points}


def posed(
    wanted: Wanted, policies: Sequence[Policy], market: MarketDataProvider, *, points: int = 0
) -> tuple[Comparison, MarketSnapshot]:
    """The question of each policy, on the same prices, and their pricing pack. Errors as for a backtest.

    points: of one policy, the points of its own frontier instead. Raises InvalidValue for no policy, and for two of one id.
    """
    require_names([policy.id for policy in policies])
    require_points(points, policies)
    base, snapshot = question(replace(wanted, policy=policies[0]), market)
    asked = beside_one_another(base.asked, policies[1:], charged=wanted.costs is None, points=points)
    return compared_on(asked, replace(base, question=asked)), snapshot


def beside_one_another(asked: Question, others: Sequence[Policy], *, charged: bool, points: int = 0) -> Question:
    """The question of a backtest, asked of other policies too. charged: each at the costs that it expects; else all alike."""
    execution = asked.request.execution
    costs = [charged_by_policy(policy, execution)[0] if charged else execution for policy in others]
    return replace(asked, kind="comparison", others=tuple(zip(others, costs, strict=True)), points=points)


def comparison_on(asked: Question, snapshot: MarketSnapshot) -> Comparison:
    """The same of a question that is on record."""
    return compared_on(asked, asked_on(asked, snapshot))


def compared_on(asked: Question, base: Backtest) -> Comparison:
    """Each policy's request beside the first one's. Raises as for a backtest, and InvalidValue for two policies of one id."""
    require_names([base.request.policy.id, *(policy.id for policy, _ in asked.others)])
    require_points(asked.points, [base.request.policy, *(policy for policy, _ in asked.others)])
    if base.request.policies and not asked.points:
        why = "replaces every policy that is compared from that day on"
        raise InvalidValue("policies", base.request.policies[0][0].isoformat(), why, fix="leave the later policies out")
    requests = {base.request.policy.id: base.request}
    for policy, execution in asked.others:
        requests[policy.id] = _beside(base, policy, execution)
    if asked.points:
        requests = {f"point {k + 1} of {asked.points}": base.request for k in range(asked.points)}
    for request in requests.values():
        require_sound_question(request, base.history)
    return Comparison(base, requests)


def _beside(base: Backtest, policy: Policy, execution: Execution) -> BacktestRequest:
    return without_impact(replace(base.request, policy=policy, execution=execution), base.history)[0]


def require_names(names: Sequence[str], field: str = "policies") -> None:
    """Raises InvalidValue for no name, for two alike, and for more than are read side by side."""
    if not names:
        raise InvalidValue(field, [], "there is nothing to compare", fix="name a policy")
    for name in names:
        if names.count(name) > 1:
            raise InvalidValue(field, name, "stands there twice", fix="give each of them an id of its own")
    if len(names) > MOST_SIDES:
        raise InvalidValue(field, len(names), f"is more than the {MOST_SIDES} that are read side by side")


def require_points(points: int, policies: Sequence[Policy]) -> None:
    """Raises InvalidValue for a frontier of one point, or of several policies at once."""
    if points and len(policies) > 1:
        raise InvalidValue("frontier", points, f"is that of one policy, and {len(policies)} are named", fix="name one policy")
    if points and not FEWEST_POINTS <= points <= MOST_SIDES:
        why = f"must be from {FEWEST_POINTS} to {MOST_SIDES}: a frontier has two ends"
        raise InvalidValue("frontier", points, why, fix="ask for 5 points, or for none with 0")


def document_of(asked: Comparison, found: Compared, run_id: str) -> dict[str, Any]:
    """The document, under the id of its run."""
    from portopt.document.walk_forward import comparison_document

    first = asked.base.request
    about = {
        "data": plain(data_of(asked.history)),
        "currency": first.currency,
        "capital": str(first.capital),
        "rebalance": plain(first.rebalance),
        "execution": {name: plain(request.execution) for name, request in asked.requests.items()},
        "policies": {name: plain(request.policy) for name, request in asked.requests.items()},
    }
    document = comparison_document(found, about, run_id, first.policy.risk_free_rate)
    return {**document, "frontier": _frontier(document, first.policy.id)} if asked.base.asked.points else document


def _frontier(document: Mapping[str, Any], policy: str) -> dict[str, Any]:
    """The points as they turned out, after costs, the least risk first."""
    asked = [one for one in document["strategies"] if one["asked"]]
    names = ("annual_return", "volatility", "sharpe")
    points = [
        {"name": one["name"], **{name: (one["summary"]["net"] or {}).get(name) for name in names}, "turnover": one["turnover"]}
        for one in asked
    ]
    return {"policy": policy, "points": points}


def kept(asked: Comparison, found: Compared, snapshot: MarketSnapshot, runtime: Runtime | None = None) -> dict[str, Any]:
    """The document, left in the store, where there is one, with its prices."""
    from portopt.runs.through_time.life import keep

    document = document_of(asked, found, asked.base.asked.run_id(snapshot, **asked.base.beside))
    if keep(asked.base.asked, document, snapshot, runtime):
        tried(asked, found, document, runtime)
    return document


def tried(asked: Comparison, found: Compared, document: Mapping[str, Any], runtime: Runtime | None = None) -> None:
    """Each of them is a trial; the points of one frontier are one."""
    sharpe = {one["name"]: (one["summary"]["net"] or {}).get("sharpe") for one in document["strategies"]}
    known = {request.policy.id: (request, sharpe[name]) for name, request in asked.requests.items()}
    count_trials(list(known.values()), found.dates, runtime)
