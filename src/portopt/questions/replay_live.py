"""Live = backtest: stored rebalances put through the simulator's way of deciding; the same bytes, or the datum that changed.

    stored pack -> History -> known at its last close -> the pricing pack a decision sees -> decision, document

What a decision of a backtest is given is made here of what the live run was given; nothing of the live run but its request is
taken over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from portopt.dialects.requests import rebalance_request_from_data
from portopt.document.difference import first_differences
from portopt.domain.backtest import FRACTION
from portopt.domain.canonical import canonical_text, digest, plain
from portopt.domain.errors import PortoptError
from portopt.domain.market import MarketQuery, MarketSnapshot, PackDifference
from portopt.domain.request import DataPolicy, RebalanceRequest
from portopt.domain.run import RunRecord
from portopt.pipeline import wanted_assets
from portopt.ports import MarketDataProvider
from portopt.questions.through_time.backtest import FOR_THE_READER
from portopt.runs.history import worked_out_again
from portopt.simulation.decide import decided_live
from portopt.simulation.history import History, Known
from portopt.simulation.strategies import Decided, Held
from portopt.simulation.units import require_shares

if TYPE_CHECKING:
    from portopt.runtime import Runtime

ACCEPTING = replace(DataPolicy(), **FOR_THE_READER, not_a_number="accept", duplicate="accept")
LISTED = 5


@dataclass(frozen=True, slots=True)
class ReplayedLive:
    """runs: each with what changed in its data and in its answer. skipped: those that have no document to compare with."""

    runs: tuple[Mapping[str, Any], ...]
    same: bool
    skipped: int
    kind: str = "replay_live"


@dataclass(frozen=True, slots=True)
class OnePack:
    """A store of the one pack that a decision saw, whatever it is asked for."""

    snapshot: MarketSnapshot

    def get(self, pricing_pack_id: str) -> MarketSnapshot:
        return self.snapshot


def replay_live(
    runtime: Runtime, *, portfolio_id: str | None = None, limit: int = 50, market: MarketDataProvider | None = None
) -> ReplayedLive:
    """The newest stored rebalances, each decided again as a backtest would on that day.

    market: prices from here in place of each run's pack: where they are not the same any more, they are named.
    """
    listed = runtime.runs.runs(portfolio_id=portfolio_id, limit=limit, kind="rebalance")
    rows = [_replayed(runtime.runs.get(run.run_id), runtime, market) for run in listed]
    done = [row for row in rows if row is not None]
    return ReplayedLive(tuple(done), all(row["same"] for row in done), len(rows) - len(done))


def _replayed(record: RunRecord, runtime: Runtime, market: MarketDataProvider | None) -> dict[str, Any] | None:
    """One run; None for one that has no document to compare with."""
    if record.document is None or record.pricing_pack_id is None:
        return None
    request = rebalance_request_from_data(record.request)
    pack = runtime.packs.get(record.pricing_pack_id)
    row: dict[str, Any] = {"run_id": record.run_id, "as_of": str(record.as_of), "pricing_pack_id": pack.pricing_pack_id}
    try:
        require_shares(request.universe)
        seen = _seen_by_decision(request, pack if market is None else _now(request, pack, market))
        row["data_changed"] = _data_changed(pack, seen)
        held, known = _held(request, seen), _known(seen)
        traded = _trades_differ(record.document, decided_live(request, known, held), known, held)
        if row["data_changed"]:
            return {**row, "same": False, "differences": traded, "problem": None}
        document = plain(worked_out_again(record, pack.pricing_pack_id, OnePack(seen)))  # type: ignore[arg-type]  # only `get`
    except PortoptError as refusal:
        return {"data_changed": [], **row, "same": False, "differences": [], "problem": refusal.problem()}
    same = digest(canonical_text(document).encode()) == record.document_digest and not traded
    found = [] if same else [*traded, *first_differences(record.document, document)]
    return {**row, "same": same, "differences": found, "problem": None}


def _seen_by_decision(request: RebalanceRequest, pack: MarketSnapshot) -> MarketSnapshot:
    """A pack as a decision at its last close is shown it."""
    choice = request.policy.estimation
    seen = _known(pack).snapshot(pack.asset_ids, ACCEPTING, None if choice.lookback is None else choice.lookback + 1)
    return replace(seen, findings=pack.findings, source=pack.source, as_of=pack.as_of)


def _known(pack: MarketSnapshot) -> Known:
    history = History.of(pack)
    return history.known(len(history) - 1)


def _now(request: RebalanceRequest, pack: MarketSnapshot, market: MarketDataProvider) -> MarketSnapshot:
    """What the provider has today for the same assets, up to the run's own day."""
    from portopt.market import open_snapshot

    choice = request.policy.estimation
    last_dates = None if choice.lookback is None else choice.lookback + 1
    query = MarketQuery(assets=wanted_assets(request), as_of=pack.as_of, last_dates=last_dates)
    table = market.prices(query)
    adjustment = pack.adjustment if market.adjustment == "unknown" else market.adjustment
    return open_snapshot(table, source=pack.source, adjustment=adjustment, policy=ACCEPTING, query=query)


def _data_changed(before: MarketSnapshot, now: MarketSnapshot) -> list[str]:
    """In sentences, which prices are not what they were."""
    from portopt.market.differences import difference

    if before.pricing_pack_id == now.pricing_pack_id:
        return []
    return list(_in_sentences(difference(before, now))) or ["volumes or adjustment are not what they were"]


def _in_sentences(found: PackDifference) -> list[str]:
    said = [f"{asset} is {new:g} on {day}, and was {old:g}" for asset, day, old, new in found.prices_changed[:LISTED]]
    if (more := found.prices_changed_count - len(said)) > 0:
        said.append(f"{more} more prices are not what they were")
    lists: tuple[tuple[str, Sequence[Any]], ...] = (
        ("assets that were not there", found.assets_added),
        ("assets that are gone", found.assets_removed),
        ("dates that were not there", found.dates_added),
        ("dates that are gone", found.dates_removed),
    )
    return said + [f"{what}: {', '.join(map(str, names[:LISTED]))}" for what, names in lists if names]


def _held(request: RebalanceRequest, pack: MarketSnapshot) -> Held:
    """The run's own holdings as a simulator holds them."""
    fractional = request.policy.trading.fractional or any(
        shares != shares.to_integral_value() for shares in request.holdings.shares.values()
    )
    unit = FRACTION if fractional else 1
    by_id = {a: int(shares * unit) for a, shares in request.holdings.shares.items()}
    units = np.array([by_id.get(a, 0) for a in pack.asset_ids], dtype=np.int64)
    return Held(units, int(request.funded.cash * 100), pack.latest_prices(), fractional)


def _trades_differ(document: Mapping[str, Any], decided: Decided, known: Known, held: Held) -> list[dict[str, Any]]:
    """Where the simulator's decision would trade something else than the live run proposed."""
    unit = FRACTION if held.fractional else 1
    sign = {"buy": 1, "sell": -1}
    live = {t["asset_id"]: int(Decimal(str(t["shares"])) * unit) * sign[t["side"]] for t in document["trades"]}
    simulated = dict(zip(known.ids, (decided.units - held.units).tolist(), strict=True))
    return [
        {"path": f"trades.{a}.shares", "a": live.get(a, 0) / unit, "b": simulated.get(a, 0) / unit}
        for a in sorted({*live, *simulated})
        if live.get(a, 0) != simulated.get(a, 0)
    ]
