"""Policies side by side on one history, with what every policy should be held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from portopt.domain.backtest import BacktestRequest
from portopt.domain.canonical import digest, plain
from portopt.domain.errors import InvalidValue
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import Policy
from portopt.judgement.walked import Compared
from portopt.ports import MarketDataProvider
from portopt.questions.through_time.backtest import Backtest, data_of, require_sound_question, with_costs_of_policy
from portopt.questions.through_time.question import Wanted, question
from portopt.questions.through_time.trials import count_trials
from portopt.simulation.history import History

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


def posed(wanted: Wanted, policies: Sequence[Policy], market: MarketDataProvider) -> tuple[Comparison, MarketSnapshot]:
    """The question of each policy, on the same prices, and their pricing pack. Errors as for a backtest.

    Raises InvalidValue for no policy, and for two of one id.
    """
    if not policies:
        raise InvalidValue("policies", [], "there is nothing to compare", fix="name a policy")
    base, snapshot = question(replace(wanted, policy=policies[0]), market)
    requests: dict[str, BacktestRequest] = {}
    for policy in policies:
        if policy.id in requests:
            raise InvalidValue("policies", policy.id, "stands there twice", fix="give each of them an id of its own")
        request = replace(base.request, policy=policy)
        if wanted.costs is None:
            request, _ = with_costs_of_policy(request, base.history)
        require_sound_question(request, base.history)
        requests[policy.id] = request
    return Comparison(base, requests), snapshot


def kept(asked: Comparison, found: Compared, snapshot: MarketSnapshot, runtime: Runtime | None = None) -> dict[str, Any]:
    """The document, left in the store, where there is one, with its prices."""
    from portopt.document.walk_forward import comparison_document
    from portopt.runs import answers
    from portopt.runs.market import rests_on

    first = asked.base.request
    how = {"strategies": {name: digest(request.identity()) for name, request in asked.requests.items()}}
    data = data_of(asked.history)
    run_id = answers.answer_id("comparison", first, how, data.pricing_pack_id, data.last)
    about = {
        "data": plain(data),
        "currency": first.currency,
        "capital": str(first.capital),
        "rebalance": plain(first.rebalance),
        "execution": {name: plain(request.execution) for name, request in asked.requests.items()},
        "policies": {name: plain(request.policy) for name, request in asked.requests.items()},
    }
    document = comparison_document(found, about, run_id, first.policy.risk_free_rate)
    if runtime is None or runtime.has_store:
        rests_on(snapshot, runtime)
        answers.keep("comparison", first, document, runtime, **how)
        sharpe = {one["name"]: (one["summary"]["net"] or {}).get("sharpe") for one in document["strategies"]}
        count_trials([(request, sharpe[name]) for name, request in asked.requests.items()], found.dates, runtime)
    return document
