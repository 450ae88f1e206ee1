"""Either kind of request as one problem, with the prices it rests on: what the other questions begin with.

A choice of weights brings its own beliefs and rests on nothing; a rebalance needs an installation to read prices with.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeAlias

from portopt import formulation
from portopt.domain.errors import MissingInput
from portopt.domain.found import RestsOn
from portopt.domain.market import MarketSnapshot
from portopt.domain.moments import Moments
from portopt.domain.request import AnyRequest, EstimationChoice, RebalanceRequest
from portopt.runs.market import read_pack

if TYPE_CHECKING:
    from portopt.runtime import Runtime

Asked: TypeAlias = AnyRequest


def prices_of(request: Asked, runtime: Runtime | None) -> MarketSnapshot | None:
    """The prices a rebalance rests on, None for a choice of weights. Nothing is written.

    Raises MissingInput for a rebalance without an installation to read them with.
    """
    if not isinstance(request, RebalanceRequest):
        return None
    if runtime is None:
        raise MissingInput("a rebalance request needs a runtime to fetch prices with", field="runtime")
    return read_pack(request, runtime)


def rests_on(snapshot: MarketSnapshot | None, runtime: Runtime | None) -> RestsOn | None:
    """Which data an answer rests on, kept as a pricing pack where answers are kept."""
    if snapshot is None:
        return None
    if runtime is not None and runtime.has_store:
        runtime.packs.put(snapshot)
    return RestsOn(snapshot.pricing_pack_id, snapshot.as_of)


def with_estimation(request: Asked, choice: EstimationChoice) -> Asked:
    """The same request on beliefs that are estimated so."""
    if isinstance(request, RebalanceRequest):
        return dataclasses.replace(request, policy=dataclasses.replace(request.policy, estimation=choice))
    return dataclasses.replace(request, estimation=choice)


def history_of(request: Asked, runtime: Runtime | None) -> tuple[Moments, EstimationChoice, MarketSnapshot | None]:
    """(beliefs before any view on the whole history there is, the request's own choice of them, the prices they rest on)."""
    plain = dataclasses.replace(request.estimation, views={}, factors={})
    if not isinstance(request, RebalanceRequest):
        return formulation.prior_beliefs(request), plain, None
    plain = dataclasses.replace(plain, lookback=None)
    whole = with_estimation(request, plain)
    snapshot = prices_of(whole, runtime)
    return formulation.prior_beliefs(whole, snapshot), plain, snapshot
