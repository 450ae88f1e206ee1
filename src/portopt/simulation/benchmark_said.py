"""Where the benchmark stands when limits against it cannot be kept: it drifts with prices, and limits on weights do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portopt.domain.backtest import BacktestRequest
from portopt.domain.universe import NO_GROUP, is_blank
from portopt.simulation.strategies import Held

AGAINST_IT = ("max_tracking_error", "active_exposure_limits")


def said_of_benchmark(request: BacktestRequest, held: Held, problem: Mapping[str, Any]) -> tuple[str, ...]:
    """Its largest sector and its largest asset on the day, in a sentence; nothing where it is not in the way."""
    weights = held.benchmark if held.benchmark is not None else request.benchmark
    conflicts = (problem.get("measured") or {}).get("conflicts") or ()
    in_the_way = {limit for conflict in conflicts for limit in conflict.get("limits") or ()}
    if not weights or not in_the_way.intersection(AGAINST_IT):
        return ()
    asset = max(sorted(weights), key=lambda a: weights[a])
    said = f"{100.0 * weights[asset]:.1f} % {asset}"
    sectors = _by_sector(request, weights)
    if sectors:
        largest = max(sorted(sectors), key=lambda s: sectors[s])
        said = f"{100.0 * sectors[largest]:.1f} % {largest}, its largest sector, and {said}"
    return (f"The benchmark drifts with prices: by then it held {said}, its largest position",)


def _by_sector(request: BacktestRequest, weights: Mapping[str, float]) -> dict[str, float]:
    known = {asset.id: asset.sector for asset in request.universe.assets}
    found: dict[str, float] = {}
    for asset, weight in weights.items():
        name = known.get(asset)
        if not is_blank(name) and name != NO_GROUP:
            found[str(name)] = found.get(str(name), 0.0) + weight
    return found
