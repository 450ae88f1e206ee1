"""Documents of rebalances of random books: objectives, limits, costs and holdings by a seed, through the whole pipeline."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from portopt import pipeline
from portopt.adapters.providers.frames import FrameProvider
from portopt.domain.errors import PortoptError
from portopt.domain.holdings import Holdings
from portopt.domain.request import DataPolicy, EstimationChoice, Policy, RebalanceRequest, TradingRules
from portopt.domain.universe import Asset, Universe
from portopt.terms.catalog import parse_limits

DAYS, SECTORS, CLASSES = 130, ("Energy", "Health", "Technology"), ("Equity", "Bond")
OBJECTIVES: tuple[dict[str, Any], ...] = (
    {"kind": "max_sharpe"},
    {"kind": "utility", "risk_aversion": 4.0},
    {"kind": "min_risk"},
    {"kind": "min_risk", "risk_aversion": 5.0},
    {"kind": "min_tracking_error"},
    {"kind": "max_return"},
    {"kind": "esg_tilt", "risk_aversion": 6.0, "taste": 0.002},
    {"kind": "min_risk", "measure": "cvar", "confidence": 0.9},
    {"kind": "min_risk", "measure": "mad"},
    {"kind": "utility", "risk_aversion": 3.0, "measure": "semideviation"},
    {"kind": "risk_parity"},
    {"kind": "equal_weight"},
    {"kind": "max_ratio", "measure": "cvar"},
)
COSTS: tuple[dict[str, Any], ...] = (
    {},
    {"commission": {"per_trade": "5.00"}, "linear_impact": {"bps": 15}},
    {"commission": {"per_trade": "1.95", "bps": 2.5}, "spread": {"bps": {"A0": 3, "*": 8}}},
    {"square_root_impact": {"coefficient": 0.8}},
)


def drawn_limits(rng: np.random.Generator, ids: list[str]) -> dict[str, Any]:
    """Some of what may be asked for, loose enough that most books can have it."""
    some = {
        "max_weight": round(float(rng.uniform(0.3, 0.5)), 3),
        "sector_limits": round(float(rng.uniform(0.55, 0.8)), 2),
        "asset_class_limits": {"Equity": 0.9, "Bond": [0.05, 0.7]},
        "max_turnover": round(float(rng.uniform(0.15, 0.4)), 2),
        "max_tracking_error": {"limit": round(float(rng.uniform(0.05, 0.09)), 3)},
        "max_volatility": 0.2,
        "cash": {"min": 0.005, "max": 0.12},
        "min_quality": 4.0,
        "min_esg": {"score": 4.5, "unscored": "neutral"},
        "concentration": {"hhi": 0.3},
        "exclusions": [ids[-1]],
        "do_not_buy": [ids[0]],
        "keep": [ids[1]],
        "max_positions": len(ids) - 1,
        "top_k": {"k": 2, "weight": 0.75},
        "max_cost": 0.01,
        "max_risk": {"cvar": {"limit": 0.03, "confidence": 0.9}},
        "liquidity": {"participation": 0.2, "days": 5},
        "leverage_limit": 1.0,
        "max_trades": len(ids) - 1,
    }
    names = rng.permutation(sorted(some))[: int(rng.integers(2, 6))]
    found = {"long_only": True, **{name: some[name] for name in names}}
    if rng.random() < 0.15:
        found["max_turnover"] = {"value": 0.05, "soft": True, "penalty": 0.5}
    return found


def request_of(seed: int) -> tuple[RebalanceRequest, pl.DataFrame]:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 9))
    ids = [f"A{i}" for i in range(n)]
    draws = rng.normal(0.0004, 0.006, (DAYS, 1)) * rng.uniform(0.5, 1.5, n) + rng.normal(0.0002, 0.008, (DAYS, n))
    closes = np.round(rng.uniform(20, 200, n) * np.exp(np.cumsum(draws, axis=0)), 2)
    days = [date(2024, 1, 1) + timedelta(k) for k in range(DAYS)]
    table = {"asset_id": np.repeat(ids, DAYS), "date": days * n, "close": closes.T.ravel(), "volume": np.full(n * DAYS, 4e5)}
    assets = [
        Asset(a, f"Company {a}", SECTORS[i % 3], CLASSES[i % 4 == 3], float(rng.integers(3, 10)), float(rng.integers(2, 10)))
        for i, a in enumerate(ids)
    ]
    policy = Policy(
        "drawn", "Drawn", dict(OBJECTIVES[seed % len(OBJECTIVES)]), drawn_limits(rng, ids),
        costs=dict(COSTS[int(rng.integers(len(COSTS)))]), risk_free_rate=0.02,
        estimation=EstimationChoice(lookback=None, min_observations=20, covariance="ledoit_wolf" if seed % 3 else "sample"),
        data=DataPolicy(stale="accept"),
        trading=TradingRules(fractional=seed % 7 == 3, lot_size=5 if seed % 5 == 4 else 1),
    )  # fmt: skip
    shares = {a: Decimal(int(rng.integers(0, 400))) for a in ids}
    bench = rng.dirichlet(np.ones(n))
    held = Holdings("book", {a: s for a, s in shares.items() if s}, Decimal(f"{rng.uniform(500, 20_000):.2f}"))
    request = RebalanceRequest(
        holdings=held, policy=policy, universe=Universe(tuple(assets)), provider="files",
        benchmark=dict(zip(ids, np.round(bench / bench.sum(), 4).tolist(), strict=True)),
    )  # fmt: skip
    return request, pl.DataFrame(table)


def document_of(seed: int) -> dict[str, Any] | None:
    """The document of that seed's rebalance; None where it has no answer (its limits conflict, or no lots are found)."""
    request, table = request_of(seed)
    try:
        parse_limits(request.policy.limits)
        snapshot = pipeline.fetch_pack(request, FrameProvider(table))
        return pipeline.work(request, snapshot, run_id=f"reb-{seed}", frontier=seed % 4 == 0)[0]
    except PortoptError:
        return None
