"""Books of tax lots: a market of factors with eight years behind it, and lots bought in it, a few of them last month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from portopt import pipeline
from portopt.adapters.providers.frames import FrameProvider
from portopt.domain.holdings import Holdings
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import DataPolicy, EstimationChoice, Policy, RebalanceRequest
from portopt.domain.tax import ClosedLot, Lot, TaxRecord
from portopt.domain.universe import Asset, Universe

AS_OF, YEARS, SECTORS = date(2026, 11, 30), 8, 10
WINDOW = 30  # days in which a repurchase spoils a loss
RECENT, CLOSED = 0.08, 0.05  # of the lots: bought within the window; closed within it, beside those that are held
MONEY_A_LOT = 5_000
TAX: dict[str, Any] = {"regime": "us_federal", "short_rate": 0.37, "long_rate": 0.2}


@dataclass(frozen=True, eq=False)
class MadeBook:
    """prices: long, a row a price: asset_id, date, close. holdings carry the lots. benchmark: weights by asset id."""

    prices: pl.DataFrame
    holdings: Holdings
    universe: Universe
    benchmark: dict[str, float]
    as_of: date

    @property
    def record(self) -> TaxRecord:
        assert self.holdings.tax is not None
        return self.holdings.tax

    @property
    def newest(self) -> dict[str, Decimal]:
        """By asset id: what a share is worth on the day."""
        last = self.prices.filter(pl.col("date") == self.as_of)
        return {a: Decimal(str(p)) for a, p in zip(last["asset_id"], last["close"], strict=True)}

    def market(self) -> FrameProvider:
        return FrameProvider(self.prices)

    def policy(self, objective: Any = None, limits: Any = None, **changes: Any) -> Policy:
        """Utility under a desk's usual limits. changes: other fields of the policy."""
        n = len(self.universe)
        usual = {"long_only": True, "max_weight": max(0.02, 4 / n), "sector_limits": 0.25, "max_turnover": 0.2}
        rest = {"estimation": EstimationChoice(), "data": DataPolicy(stale="accept"), "tax": TAX, **changes}
        return Policy("lots", "Lots", objective or {"kind": "utility", "risk_aversion": 4.0}, limits or usual, **rest)

    def request(self, policy: Policy | None = None, **changes: Any) -> RebalanceRequest:
        made = {"holdings": self.holdings, "policy": policy or self.policy(), "universe": self.universe, "provider": "files"}
        return RebalanceRequest(**{**made, "benchmark": self.benchmark, **changes})

    def snapshot(self, request: RebalanceRequest | None = None) -> MarketSnapshot:
        """What `pipeline.work` takes beside the request."""
        return pipeline.fetch_pack(request or self.request(), self.market())


def book(assets: int = 200, lots: int = 1000, seed: int = 0) -> MadeBook:
    """So many positions in so many lots, at least one each; whole shares, every lot at what a share cost that day."""
    rng = np.random.default_rng([seed, assets, lots, 20261201])
    ids = tuple(f"A{i:04d}" for i in range(assets))
    days = _weekdays()
    closes = _closes(rng, assets, len(days))
    held, closed = _held(rng, ids, days, closes, lots), _closed(rng, ids, days, closes, lots)
    shares: dict[str, Decimal] = dict.fromkeys(ids, Decimal(0))
    for lot in held:
        shares[lot.asset_id] += lot.shares
    net = sum((_gain(lot) for lot in closed), Decimal(0))
    record = TaxRecord(held, closed, net, Decimal("2500.00"), carried_short=Decimal("1000.00"))
    frame = pl.DataFrame({"date": days, **{a: closes[:, j] for j, a in enumerate(ids)}})
    long = frame.unpivot(index="date", variable_name="asset_id", value_name="close").select("asset_id", "date", "close")
    cash = Decimal(MONEY_A_LOT * lots // 50)
    universe = Universe(tuple(Asset(a, sector=f"S{i % SECTORS}") for i, a in enumerate(ids)))
    index = rng.lognormal(0.0, 0.5, assets)
    benchmark = dict(zip(ids, (index / index.sum()).tolist(), strict=True))
    return MadeBook(long, Holdings(f"LOTS{seed}", shares, cash, tax=record), universe, benchmark, AS_OF)


def _weekdays() -> list[date]:
    first = AS_OF - timedelta(365 * YEARS + 2)
    every = (first + timedelta(k) for k in range((AS_OF - first).days + 1))
    return [day for day in every if day.weekday() < 5]


def _closes(rng: np.random.Generator, n: int, days: int) -> np.ndarray:
    """(days, n) to the cent: the market, ten sectors, what is each one's own."""
    market, sectors = rng.normal(2.5e-4, 0.009, (days, 1)), rng.normal(0.0, 0.005, (days, SECTORS))
    own = rng.normal(rng.normal(0.0, 2.5e-4, n), rng.uniform(0.008, 0.018, n), (days, n))
    returns = market * rng.normal(1.0, 0.25, n) + sectors[:, np.arange(n) % SECTORS] + own
    return np.maximum(np.round(rng.uniform(20, 300, n) * np.exp(np.cumsum(returns, axis=0)), 2), 0.5)


def _held(rng: np.random.Generator, ids: tuple[str, ...], days: list[date], closes: np.ndarray, lots: int) -> tuple[Lot, ...]:
    """Whose and when are drawn: more of late than long ago, and a few within the window."""
    n = len(ids)
    assert lots >= n, "every position has a lot"
    whose = np.sort(np.concatenate([np.arange(n), rng.integers(0, n, lots - n)]))
    return tuple(
        _lot(rng, ids[j], f"{ids[j]}-{k:04d}", days[t], closes[t, j])
        for k, (j, t) in enumerate(zip(whose, _bought(rng, days, lots), strict=True))
    )


def _bought(rng: np.random.Generator, days: list[date], count: int) -> np.ndarray:
    """(count,) positions among the days."""
    old = ((len(days) - WINDOW) * (1.0 - rng.uniform(0.0, 1.0, count) ** 1.7)).astype(int)
    new = rng.integers(len(days) - WINDOW * 5 // 7, len(days) - 1, count)
    return np.where(rng.uniform(size=count) < RECENT, new, old)


def _lot(rng: np.random.Generator, asset: str, name: str, day: date, close: float) -> Lot:
    shares = 1 + int(MONEY_A_LOT * rng.uniform(0.3, 1.7) / close)
    return Lot(asset, name, day, Decimal(shares), Decimal(str(round(float(close), 2))))


def _gain(lot: ClosedLot) -> Decimal:
    assert lot.cost_per_share is not None
    return (lot.proceeds_per_share - lot.cost_per_share) * lot.shares


def _closed(
    rng: np.random.Generator, ids: tuple[str, ...], days: list[date], closes: np.ndarray, lots: int
) -> tuple[ClosedLot, ...]:
    """Held for less than a year and sold within the window, at that day's price: more than half of them at a loss."""
    found = []
    for k, j in enumerate(rng.integers(0, len(ids), int(CLOSED * lots))):
        sold = len(days) - 1 - int(rng.integers(1, WINDOW * 5 // 7))
        bought = sold - int(rng.integers(30, 250))
        lot = _lot(rng, ids[j], f"{ids[j]}-c{k:03d}", days[bought], closes[bought, j])
        proceeds = Decimal(str(round(float(closes[sold, j]), 2)))
        found.append(ClosedLot(lot.asset_id, lot.lot_id, lot.acquired_on, days[sold], lot.shares, lot.cost_per_share, proceeds))
    return tuple(found)
