"""What a process does before it takes up its first item, so that no item's deadline waits for libraries to load."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache

ASSETS, DAYS = 130, 80  # more columns than the smallest solver takes: the one that a large book needs is loaded too


@cache
def warm_up() -> None:
    """One made-up book from its prices to its document, once in a process; nothing of it is kept."""
    import numpy as np
    import polars as pl

    from portopt import pipeline
    from portopt.adapters.providers.frames import FrameProvider
    from portopt.domain.canonical import canonical_text
    from portopt.domain.holdings import Holdings
    from portopt.domain.request import DataPolicy, EstimationChoice, Policy, RebalanceRequest
    from portopt.domain.universe import Asset, Universe
    from portopt.runs.record import accepted

    ids = [f"W{i:03d}" for i in range(ASSETS)]
    rng = np.random.default_rng(1)
    closes = np.round(100.0 * np.exp(np.cumsum(rng.normal(6e-4, 0.01, (DAYS, ASSETS)), axis=0)), 2)
    days = [dt.date(2024, 1, 1) + dt.timedelta(k) for k in range(DAYS)]
    wide = pl.DataFrame({"date": days, **{a: closes[:, j] for j, a in enumerate(ids)}})
    limits = {"long_only": True, "max_weight": 0.1, "max_turnover": 0.3, "max_tracking_error": 0.05}
    policy = Policy(
        "warm-up", "Warm-up", {"kind": "max_sharpe"}, limits, estimation=EstimationChoice(lookback=DAYS - 1),
        data=DataPolicy(stale="accept", stale_source="accept", gap="accept"),
    )  # fmt: skip
    holdings = Holdings("warm-up", {a: Decimal(100) for a in ids[::3]}, Decimal(1000))
    benchmark = dict.fromkeys(ids, 1.0 / ASSETS)
    request = accepted(RebalanceRequest(holdings, policy, Universe(tuple(Asset(a) for a in ids)), benchmark))
    snapshot = pipeline.fetch_pack(request, FrameProvider(wide))
    canonical_text(pipeline.work(request, snapshot, run_id="warm-up", frontier=False)[0])
