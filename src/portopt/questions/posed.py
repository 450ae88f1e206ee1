"""Either kind of request as one problem, with the prices it rests on: what the other questions begin with.

A choice of weights brings its own beliefs and rests on nothing; a rebalance needs an installation to read prices with.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from portopt import formulation, pipeline
from portopt.domain.errors import MissingInput
from portopt.domain.found import RestsOn
from portopt.domain.market import MarketSnapshot
from portopt.domain.moments import Moments
from portopt.domain.request import AnyRequest, EstimationChoice, RebalanceRequest
from portopt.domain.run import RunRecord
from portopt.ports import MarketDataProvider
from portopt.runs.asked_again import PACK
from portopt.runs.identity import run_identity
from portopt.runs.market import read_pack

if TYPE_CHECKING:
    from portopt.runtime import Runtime

Asked: TypeAlias = AnyRequest


@dataclass(frozen=True, slots=True, eq=False)
class OnPrices:
    """A rebalance with the prices it rests on. market: where they are read from again when it is carried out.

    run_id: of the run that it is, or that asking for it would make.
    """

    request: RebalanceRequest
    snapshot: MarketSnapshot
    market: MarketDataProvider
    run_id: str


def on_prices(
    asked: RebalanceRequest | RunRecord | str, runtime: Runtime, market: MarketDataProvider | None = None
) -> OnPrices:
    """A request on the prices there are, or a stored run, or its id, on the pack it was worked out on. Nothing is written.

    market: prices from here instead of the provider that the request names. Raises UnknownRun, InvalidValue for a run that is
    no rebalance, MissingInput for one that was never asked on any prices.
    """
    if isinstance(asked, RebalanceRequest):
        provider = market or runtime.market(asked.provider)
        snapshot = read_pack(asked, runtime, market=provider)
        return OnPrices(asked, snapshot, provider, run_identity(asked, snapshot))
    from portopt.dialects.requests import rebalance_request_from_data
    from portopt.runs.history import require_rebalance, run_record

    record = require_rebalance(asked if isinstance(asked, RunRecord) else run_record(asked, runtime, verified=False))
    if record.pricing_pack_id is None:
        raise MissingInput(f"run {record.run_id} rests on no pricing pack", field="run", value=record.run_id)
    provider = runtime.market(PACK + record.pricing_pack_id)
    request = dataclasses.replace(rebalance_request_from_data(record.request), provider=PACK + record.pricing_pack_id)
    snapshot = dataclasses.replace(pipeline.reopen_pack(request, record.pricing_pack_id, runtime.packs), notes=())
    return OnPrices(request, snapshot, provider, record.run_id)


def prices_of(request: Asked, runtime: Runtime | None) -> MarketSnapshot | None:
    """The prices a rebalance rests on, None for a choice of weights. Nothing is written.

    Raises MissingInput for a rebalance without an installation to read them with.
    """
    if not isinstance(request, RebalanceRequest):
        return None
    if runtime is None:
        raise MissingInput("a rebalance request needs a runtime to fetch prices with", field="runtime")
    return read_pack(request, runtime)


def kept_prices(on: OnPrices, runtime: Runtime) -> RestsOn:
    """Which data an answer rests on, kept as a pricing pack where answers are kept."""
    return rests_on(on.snapshot, runtime) or RestsOn(on.snapshot.pricing_pack_id, on.snapshot.as_of)


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
