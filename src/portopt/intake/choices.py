"""The choices beside a proposal, written out: each the same request with another aim, or why a book has no such choice."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
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


@dataclass(frozen=True, slots=True)
class TaxChoice:
    """A line that only a book with lots and a tax has. asks: told what the policy's own answer costs in tax."""

    name: str
    title: str
    about: str
    asks: Callable[[RebalanceRequest, Decimal], RebalanceRequest | str]


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


def _without_tax(request: RebalanceRequest, tax: Decimal) -> RebalanceRequest | str:
    if request.policy.tax.get("weighed") is False:
        return "the policy asks for just that"
    return _taxed(request, {**request.policy.tax, "weighed": False})


def _half_the_tax(request: RebalanceRequest, tax: Decimal) -> RebalanceRequest | str:
    if tax <= 0:
        return "the policy's trades cost no tax"
    half = (tax / 2).quantize(Decimal("0.01"), rounding=ROUND_DOWN)
    limits = {**request.policy.tax.get("limits", {}), "max_tax": str(half)}
    return _taxed(request, {**request.policy.tax, "limits": limits})


def _taxed(request: RebalanceRequest, tax: Mapping[str, Any]) -> RebalanceRequest:
    return request.seeking(dataclasses.replace(request.policy, tax=tax))


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
TAX_CHOICES = (
    TaxChoice("without_tax", "Without tax", "the policy's aim as if gains were free of tax; what that costs in tax is told",
              _without_tax),
    TaxChoice("half_the_tax", "At most half the tax", "the policy's aim with at most half the tax that its own trades cost",
              _half_the_tax),
)  # fmt: skip
NAMES = (NOTHING, *(choice.name for choice in (*CHOICES, *TAX_CHOICES)))


def choices_of(request: RebalanceRequest) -> tuple[Choice | TaxChoice, ...]:
    """Those that a book like this may have: where a tax is estimated, those about it too."""
    taxed = request.policy.tax and request.holdings.tax is not None and request.holdings.tax.lots
    return (*CHOICES, *TAX_CHOICES) if taxed else CHOICES


def request_of(request: RebalanceRequest, name: str, tax: Callable[[], Decimal] | None = None) -> RebalanceRequest:
    """What asks for one choice. tax: works out what the policy's own answer costs in tax. Raises InvalidValue."""
    if name == NOTHING:
        raise InvalidValue("select", name, "proposes no trade: there is nothing to carry out", fix="approve no proposal")
    choice = next((choice for choice in choices_of(request) if choice.name == name), None)
    if choice is None and name in NAMES:
        raise InvalidValue("select", name, "is not offered here: no tax is estimated", fix="give lots, and a tax in the policy")
    if choice is None:
        raise InvalidValue("select", name, "is no alternative", fix=f"use one of: {', '.join(NAMES)}")
    if isinstance(choice, TaxChoice):
        found = choice.asks(request, Decimal(0) if tax is None else tax())
    else:
        found = choice.asks(request)
    if isinstance(found, str):
        raise InvalidValue("select", name, f"is not offered here: {found}")
    return found
