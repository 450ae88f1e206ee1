"""Released proposals of a portfolio held against what came since: holdings as they were declared, prices as they are now."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from portopt.dialects.policies import shipped_policies
from portopt.domain.afterwards import Afterwards
from portopt.domain.errors import InvalidValue, PortoptError
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import RebalanceRequest
from portopt.domain.run import RunRecord, RunStatus
from portopt.monitoring.measures.afterwards import Priced, afterwards
from portopt.monitoring.measures.fulfilment import DeclaredBook, PastProposal
from portopt.runs.watch.reading_books import Standing, declared_books, request_of
from portopt.runs.watch.reading_market import Market
from portopt.runs.watch.reading_standing import Standings

if TYPE_CHECKING:
    from portopt.runtime import Runtime

MOST_ENTRIES = 10_000  # of a portfolio's ledger


def of_portfolio(portfolio_id: str, runtime: Runtime, now: datetime) -> list[Afterwards]:
    """Its released proposals of the past year, the newest first; none where none was released, or nothing is held."""
    standing = Standings(runtime, now).of(portfolio_id)
    if standing is None or not standing.proposals:
        return []
    proposals = _released(standing, runtime)
    books: list[DeclaredBook] = declared_books(standing)
    return afterwards(proposals, books, _priced(standing, runtime, now))[::-1]


def of_run(run: RunRecord, runtime: Runtime, now: datetime) -> Afterwards:
    """Raises InvalidValue for a proposal that was not released, or longer than a year ago."""
    found = next((one for one in of_portfolio(run.portfolio_id, runtime, now) if one.run_id == run.run_id), None)
    if found is not None:
        return found
    if run.status is not RunStatus.COMPLETED:
        raise InvalidValue("run_id", run.run_id, f"is {run.status.value}: what was not released has no afterwards")
    raise InvalidValue("run_id", run.run_id, "was released longer than a year ago, or tells nothing to hold it against")


def _released(standing: Standing, runtime: Runtime) -> list[PastProposal]:
    """Each from when its event was released, which may be days after it was worked out."""
    entries = runtime.ledger.entries(standing.portfolio.id, limit=MOST_ENTRIES)
    at = {entry.body.get("run_id"): entry.at for entry in entries if entry.kind == "released"}
    return [replace(one, released_at=at.get(one.run_id, one.released_at)) for one in standing.proposals]


def _priced(standing: Standing, runtime: Runtime, now: datetime) -> Priced:
    """At the source of its newest proposal, else in the newest pack that is kept; what there is none of says why."""
    market = Market(runtime, now)
    policies = {p.id: p for p in (*shipped_policies(), *runtime.runs.policies())}
    try:
        request = request_of(standing, policies, market.default_provider)
    except PortoptError as error:
        return _unpriced(error.detail)
    try:
        return _of(market.snapshot(request), request)
    except PortoptError as error:
        kept = _newest_pack(runtime)
        return _unpriced(error.detail) if kept is None else _of(kept, request)


def _newest_pack(runtime: Runtime) -> MarketSnapshot | None:
    pack_id = runtime.desk.newest_pack()
    try:
        return None if pack_id is None else runtime.packs.get(pack_id)
    except PortoptError:
        return None


def _of(snapshot: MarketSnapshot, request: RebalanceRequest) -> Priced:
    days = [day.item() for day in snapshot.dates.astype("datetime64[D]")]
    return Priced(snapshot.asset_ids, days, snapshot.prices, request.benchmark)


def _unpriced(why: str) -> Priced:
    return Priced((), (), np.empty((0, 0)), None, why)
