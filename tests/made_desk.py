"""A desk's book made here: any number of assets with sectors, scores, a benchmark and costs, on prices that are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from portopt import formulation, pipeline
from portopt.adapters.providers.frames import FrameProvider
from portopt.domain.holdings import Holdings
from portopt.domain.market import MarketSnapshot
from portopt.domain.problem import Problem
from portopt.domain.request import DataPolicy, EstimationChoice, Policy, RebalanceRequest
from portopt.domain.universe import Asset, Universe

SECTORS = ("Energy", "Health", "Technology", "Utilities")
LIMITS: Mapping[str, Any] = {
    "long_only": True,
    "max_weight": 0.3,
    "sector_limits": 0.55,
    "max_turnover": 0.25,
    "cash": {"max": 0.05},
}
COSTS: Mapping[str, Any] = {"linear_impact": {"bps": 15.0}}
UTILITY: Mapping[str, Any] = {"kind": "utility", "risk_aversion": 5.0}


@dataclass(frozen=True)
class Desk:
    """request: complete; market: where its prices are."""

    request: RebalanceRequest
    prices: pl.DataFrame

    @property
    def market(self) -> FrameProvider:
        return FrameProvider(self.prices)

    @cached_property
    def snapshot(self) -> MarketSnapshot:
        return pipeline.fetch_pack(self.request, self.market)

    def problem(self, request: RebalanceRequest | None = None) -> Problem:
        """Posed from the beginning, for this request or another on the same prices."""
        asked = request or self.request
        return formulation.formulate(asked, self.snapshot, pipeline.estimate(asked, self.snapshot))


def desk(
    seed: int,
    n: int = 8,
    *,
    objective: Mapping[str, Any] = UTILITY,
    limits: Mapping[str, Any] = LIMITS,
    costs: Mapping[str, Any] = COSTS,
    fractional: bool = False,
    benchmark: bool = True,
    scored: bool = True,
    days: int = 180,
    portfolio_id: str = "desk",
) -> Desk:
    """The same for the same arguments. Most assets are held, near equal weights; 3 % is cash."""
    rng = np.random.default_rng([seed, n])
    ids = [f"A{i:03d}" for i in range(n)]
    market = rng.normal(0.0004, 0.009, days)
    noise = rng.normal(0.0, rng.uniform(0.006, 0.016, n), (days, n))
    returns = market[:, None] * rng.normal(1.0, 0.2, n) + rng.normal(0.0002, 0.0003, n) + noise
    closes = np.round(rng.uniform(20, 200, n) * np.exp(np.cumsum(returns, axis=0)), 2)
    dates = [date(2024, 1, 1) + timedelta(k) for k in range(days)]
    held = np.where(rng.random(n) < 0.8, rng.dirichlet(np.full(n, 8.0)), 0.0)
    shares = np.floor(1e6 * 0.97 * held / held.sum() / closes[-1]).astype(int)
    weights = rng.dirichlet(np.full(n, 10.0))
    assets = tuple(
        Asset(
            asset_id,
            sector=SECTORS[i % len(SECTORS)],
            quality_score=float(np.round(rng.uniform(5.0, 9.0), 1)),
            esg_score=float(np.round(rng.uniform(2.0, 9.0), 1)) if scored else None,
        )
        for i, asset_id in enumerate(ids)
    )
    policy = Policy(
        "desk", "Desk", dict(objective), dict(limits), dict(costs), estimation=EstimationChoice(lookback=None),
        data=DataPolicy(stale="accept", stale_source="accept"),
    )  # fmt: skip
    if fractional:
        policy = replace(policy, trading=replace(policy.trading, fractional=True))
    request = RebalanceRequest(
        holdings=Holdings(portfolio_id, {a: Decimal(int(k)) for a, k in zip(ids, shares, strict=True) if k}, Decimal(30_000)),
        policy=policy,
        universe=Universe(assets),
        benchmark=dict(zip(ids, weights.tolist(), strict=True)) if benchmark else None,
        provider="files",
    )
    return Desk(request, pl.DataFrame({"date": dates, **{a: closes[:, j] for j, a in enumerate(ids)}}))
