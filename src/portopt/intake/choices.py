"""The choices beside a proposal, written out: each the same request with another aim, or why a book has no such choice."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portopt.domain.errors import InvalidValue
from portopt.domain.request import RebalanceRequest

NOTHING = "do_nothing"
POLICY = "policy"


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
    asked = request.seeking(dataclasses.replace(request.policy, limits=limits))
    return dataclasses.replace(asked, no_worse=True)  # a cap that is missed already only a sale would mend


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
    Choice("buy_only", "Buy only", "the policy's aim without a sale; what is missed already may stay missed, by no more",
           _buy_only),
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
