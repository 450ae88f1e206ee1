"""Books with bonds and funds beside shares, through the whole pipeline: prices made here, units as asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from portopt import pipeline
from portopt.adapters.providers.frames import FrameProvider
from portopt.domain.holdings import Holdings
from portopt.domain.request import DataPolicy, EstimationChoice, Policy, RebalanceRequest, TradingRules
from portopt.domain.units import units_of
from portopt.domain.universe import Asset, Universe

DAYS, LAST = 120, date(2024, 3, 28)  # a Thursday


def frame(closes: Mapping[str, float], vols: Mapping[str, float] | None = None, seed: int = 7) -> pl.DataFrame:
    """Daily closes that end at these prices, of returns drawn here."""
    rng, ids = np.random.default_rng(seed), sorted(closes)
    sigma = np.array([(vols or {}).get(a, 0.01) for a in ids])
    draws = rng.normal(0.0004, sigma, (DAYS - 1, len(ids)))
    paths = np.exp(np.vstack([np.zeros(len(ids)), np.cumsum(draws, axis=0)]))
    made = np.round(paths / paths[-1] * np.array([closes[a] for a in ids]), 4)
    made[-1] = [closes[a] for a in ids]
    days = [LAST - timedelta(DAYS - 1 - k) for k in range(DAYS)]
    return pl.DataFrame({"date": days, **{a: made[:, j] for j, a in enumerate(ids)}})


def request(
    closes: Mapping[str, float],
    units: Mapping[str, Mapping[str, Any]],
    shares: Mapping[str, str],
    cash: str,
    *,
    objective: Mapping[str, Any] | None = None,
    limits: Mapping[str, Any] | None = None,
    costs: Mapping[str, Any] | None = None,
    **trading: Any,
) -> RebalanceRequest:
    policy = Policy(
        "units", "Units", objective or {"kind": "min_risk"}, {"long_only": True, **(limits or {})}, costs=costs or {},
        estimation=EstimationChoice(lookback=None), data=DataPolicy(stale="accept"), trading=TradingRules(**trading),
    )  # fmt: skip
    assets = tuple(Asset(a, units=units_of(units.get(a), f"universe.{a}.units")) for a in sorted(closes))
    held = Holdings("P1", {a: Decimal(n) for a, n in shares.items()}, Decimal(cash))
    return RebalanceRequest(held, policy, Universe(assets), provider="files")


def document(asked: RebalanceRequest, prices: pl.DataFrame) -> dict[str, Any]:
    """The whole answer as JSON holds it."""
    snapshot = pipeline.fetch_pack(asked, FrameProvider(prices))
    found: dict[str, Any] = json.loads(json.dumps(pipeline.work(asked, snapshot, run_id="reb-units", frontier=False)[0]))
    return found
