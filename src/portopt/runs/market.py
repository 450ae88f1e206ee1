"""The prices a run rests on: read once, kept as a pricing pack, the same for the same trigger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portopt import pipeline
from portopt.domain.errors import DataError
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import RebalanceRequest
from portopt.ports import MarketDataProvider

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def open_pack(request: RebalanceRequest, runtime: Runtime, trigger: str | None = None) -> MarketSnapshot:
    """The snapshot to work on, kept as a pricing pack: the one this trigger began with, or a fresh one."""
    return keep_pack(read_pack(request, runtime, trigger), runtime, trigger, request)


def read_pack(
    request: RebalanceRequest, runtime: Runtime, trigger: str | None = None, market: MarketDataProvider | None = None
) -> MarketSnapshot:
    """Prices as this trigger saw them first, or as they are; nothing is written."""
    pinned = runtime.runs.pinned(trigger) if trigger and runtime.has_store else None
    if pinned is None:
        return pipeline.fetch_pack(request, market or runtime.market(request.provider))
    try:
        return pipeline.reopen_pack(request, pinned, runtime.packs)
    except DataError:  # damaged, perhaps: the same prices make the same pack anew, other prices are not this trigger's
        fresh = pipeline.fetch_pack(request, market or runtime.market(request.provider))
        if fresh.pricing_pack_id != pinned:
            raise
        runtime.packs.put(fresh)
        return fresh


def keep_pack(
    snapshot: MarketSnapshot, runtime: Runtime, trigger: str | None = None, request: RebalanceRequest | None = None
) -> MarketSnapshot:
    """Keep the prices as an immutable pack and remember it for the trigger; the first to do so wins."""
    runtime.packs.put(snapshot)
    if trigger and (held := runtime.runs.pin(trigger, snapshot.pricing_pack_id)) != snapshot.pricing_pack_id and request:
        return pipeline.reopen_pack(request, held, runtime.packs)
    return snapshot


def rests_on(snapshot: MarketSnapshot, runtime: Runtime | None) -> dict[str, Any]:
    """Which data an answer rests on, kept as a pricing pack where answers are kept."""
    if runtime is not None and runtime.has_store:
        runtime.packs.put(snapshot)
    return {"pricing_pack_id": snapshot.pricing_pack_id, "as_of": snapshot.as_of.isoformat()}
