"""Current prices of many books: each question to a provider asked once; whatever is wrong with them is told, not refused."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from portopt import pipeline
from portopt.domain.canonical import digest
from portopt.domain.market import MarketQuery, MarketSnapshot
from portopt.domain.moments import Moments
from portopt.domain.request import DataPolicy, Policy, RebalanceRequest
from portopt.formulation import universe_of
from portopt.market.checks import check_all
from portopt.market.observed import Observed, Prices
from portopt.market.treatment import DECIDED
from portopt.ports import MarketDataProvider

if TYPE_CHECKING:
    import polars as pl

    from portopt.runtime import Runtime

PRESENT = 21  # newest days of prices in which a state that lasts is looked for
SESSION_DAYS = 400  # how far back the exchange's sessions are known
DELIVERED_AFTER = timedelta(hours=12)  # a session's prices are missed from so long after its close on
REMEMBERED = 64  # answers of a provider, snapshots and beliefs that one measurement keeps


class Market:
    """The prices and beliefs of one measurement. Books that ask the same share one answer.

    now: prices up to its day. Not safe to share between threads.
    """

    def __init__(self, runtime: Runtime, now: datetime) -> None:
        self._runtime, self.now = runtime, now
        self._providers: dict[str, MarketDataProvider] = {}
        self._snapshots: dict[str, MarketSnapshot] = {}
        self._moments: dict[str, Moments] = {}
        self._sessions: tuple[date, ...] | None = None

    @property
    def default_provider(self) -> str:
        return self._runtime.settings.market

    @property
    def drift_band(self) -> float:
        return self._runtime.settings.drift_band

    @property
    def sessions(self) -> tuple[date, ...]:
        """Sessions of the exchange whose prices should be here by now. Raises RequestError for a calendar nobody knows."""
        if self._sessions is None:
            from portopt.adapters.providers.exchange_calendar import sessions_over

            since, until = self.now.date() - timedelta(days=SESSION_DAYS), self.now - DELIVERED_AFTER
            self._sessions = sessions_over(self._runtime.settings.calendar, since, until)
        return self._sessions

    def snapshot(self, request: RebalanceRequest) -> MarketSnapshot:
        """The request's prices as they stand, every finding accepted. Raises DataError where a holding has none at all."""
        asked = dataclasses.replace(request, as_of=self.now.date(), policy=accepting(request))
        key = digest(request.provider, list(pipeline.wanted_assets(asked)), asked.policy.data, asked.policy.estimation.lookback)
        if key not in self._snapshots:
            _make_room(self._snapshots)
            self._snapshots[key] = pipeline.fetch_pack(asked, self._provider(request.provider))
        return pipeline.beside_holdings(asked, self._snapshots[key])

    def moments(self, request: RebalanceRequest, snapshot: MarketSnapshot) -> Moments:
        """What the request's policy believes on these prices."""
        asked, universe = request.policy.estimation, universe_of(request, snapshot).identity()
        benchmark, rate = dict(request.benchmark or {}), request.policy.risk_free_rate
        key = digest(snapshot.pricing_pack_id, asked, rate, universe, benchmark, request.factor_returns)
        if key not in self._moments:
            _make_room(self._moments)
            self._moments[key] = pipeline.estimate(request, snapshot)
        return self._moments[key]

    def _provider(self, name: str) -> MarketDataProvider:
        if name not in self._providers:
            self._providers[name] = _AskedOnce(self._runtime.market(name))
        return self._providers[name]


class _AskedOnce:
    """A provider whose answers are kept for as long as one measurement takes."""

    def __init__(self, provider: MarketDataProvider) -> None:
        self._provider = provider
        self._known: dict[MarketQuery, pl.DataFrame] = {}
        self.name, self.source = provider.name, provider.source

    @property
    def adjustment(self) -> str:
        return self._provider.adjustment

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(getattr(self._provider, "notes", ()))

    def prices(self, query: MarketQuery) -> pl.DataFrame:
        if query not in self._known:
            _make_room(self._known)
            self._known[query] = self._provider.prices(query)
        return self._known[query]


def _make_room(kept: dict[Any, Any]) -> None:
    if len(kept) >= REMEMBERED:
        kept.clear()


def accepting(request: RebalanceRequest) -> Policy:
    """The request's policy with every finding accepted."""
    everything: dict[str, Any] = dict.fromkeys(DECIDED, "accept")
    data = dataclasses.replace(request.policy.data, **everything)
    return dataclasses.replace(request.policy, data=data)


def present_findings(snapshot: MarketSnapshot, policy: DataPolicy) -> list[Observed]:
    """What market's checks find in the newest days alone: a stretch that ended long ago is none of them."""
    cut = max(PRESENT, policy.stale_days + 1, policy.max_gap_days + 2)
    prices, dates = snapshot.prices[-cut:], snapshot.dates[-cut:]
    volumes = None if snapshot.volumes is None else snapshot.volumes[-cut:]
    return check_all(Prices(snapshot.asset_ids, dates, prices, volumes, ~np.isnan(prices)), policy)


def last_days(snapshot: MarketSnapshot, held: list[str]) -> dict[str, date]:
    """The day of the newest price of each asset held that has one."""
    usable, at = snapshot.prices > 0.0, {asset: j for j, asset in enumerate(snapshot.asset_ids)}
    found = {}
    for asset in held:
        if asset in at and len(rows := np.flatnonzero(usable[:, at[asset]])):
            found[asset] = snapshot.dates[rows[-1]].astype("datetime64[D]").item()
    return found
