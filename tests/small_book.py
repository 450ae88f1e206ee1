"""A rebalance that takes a fraction of a second: three assets, prices made here, the least risk."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from portopt.adapters.providers.frames import FrameProvider
from portopt.domain.holdings import Holdings
from portopt.domain.request import DataPolicy, EstimationChoice, Policy, RebalanceRequest
from portopt.domain.run import RunRecord
from portopt.domain.universe import Universe
from portopt.questions.rebalance import rebalance as propose
from portopt.runtime import Runtime

DAYS, ASSETS = 120, ("A", "B", "C")


def prices() -> pl.DataFrame:
    draws = np.random.default_rng(7).normal(0.0004, [0.01, 0.015, 0.02], (DAYS, 3))
    closes = np.round(100 * np.exp(np.cumsum(draws, axis=0)), 2)
    days = [date(2024, 1, 1) + timedelta(k) for k in range(DAYS)]
    return pl.DataFrame({"date": days, **{asset: closes[:, j] for j, asset in enumerate(ASSETS)}})


def request(cash: int = 5000, **changes: Any) -> RebalanceRequest:
    policy = Policy(
        "small", "Small", {"kind": "min_risk"}, {"long_only": True, "max_weight": 0.6},
        estimation=EstimationChoice(lookback=None), data=DataPolicy(stale="accept"),
    )  # fmt: skip
    held = Holdings("P1", {"A": Decimal(100), "B": Decimal(50)}, Decimal(cash))
    return RebalanceRequest(
        **{"holdings": held, "policy": policy, "universe": Universe.of(ASSETS), "provider": "files", **changes}
    )


def market() -> FrameProvider:
    return FrameProvider(prices())


def rebalance(runtime: Runtime, cash: int = 5000, provider: Any = None) -> RunRecord:
    return propose(request(cash), runtime, market=provider or market(), frontier=False)
