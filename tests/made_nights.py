"""Books for a night: one seeded market in a file, a policy with the usual limits, and as many portfolios as are wanted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from portopt.domain.holdings import Holdings
from portopt.domain.portfolio import Portfolio
from portopt.domain.request import DataPolicy, EstimationChoice, Policy
from portopt.domain.universe import Asset, Universe
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

DAYS, POSITIONS, MONEY = 253, 40, 1_000_000


@dataclass(frozen=True)
class Market:
    """ids, closes (DAYS, n), and where they are written."""

    ids: tuple[str, ...]
    closes: np.ndarray
    path: Path


def write_market(folder: Path, n: int, days: int = DAYS) -> Market:
    """One market factor, ten sectors, betas around 1; working days from the first of January 2024."""
    rng = np.random.default_rng([n, 20261130])
    common, sectors = rng.normal(3e-4, 9e-3, (days, 1)), rng.normal(0, 5e-3, (days, 10))
    returns = common * rng.uniform(0.7, 1.3, n) + sectors[:, np.arange(n) % 10] + rng.normal(1e-4, 0.012, (days, n))
    closes = np.round(rng.uniform(20, 300, n) * np.exp(np.cumsum(returns, axis=0)), 2)
    ids = tuple(f"A{i:05d}" for i in range(n))
    all_days = (date(2024, 1, 1) + timedelta(k) for k in range(2 * days))
    dates = [day for day in all_days if day.weekday() < 5][:days]
    path = folder / f"prices-{n}.parquet"
    wide = pl.DataFrame({"date": dates, **{a: closes[:, j] for j, a in enumerate(ids)}})
    long = wide.unpivot(index="date", variable_name="asset_id", value_name="close")
    long.write_parquet(path)
    return Market(ids, closes, path)


def policy(n: int, policy_id: str = "night", **limits: Any) -> Policy:
    """The most return for its risk, under the limits that a desk usually has."""
    usual = {"max_weight": max(0.05, 4 / n), "sector_limits": 0.25, "max_turnover": 0.15, "max_tracking_error": 0.05}
    return Policy(
        policy_id, "Night", {"kind": "max_sharpe"}, {"long_only": True, **usual, **limits},
        estimation=EstimationChoice(lookback=252), data=DataPolicy(stale="accept", stale_source="accept"),
    )  # fmt: skip


def plain_policy(policy_id: str = "night") -> Policy:
    """The least risk under one cap, in fractions of shares: for what is not about the work of an item."""
    made = policy(2, policy_id)
    limits = {"long_only": True, "max_weight": 0.4}
    return replace(made, objective={"kind": "min_risk"}, limits=limits, trading=replace(made.trading, fractional=True))


def home(folder: Path, market: Market, books: int, chosen: Policy | None = None, **settings: Any) -> Runtime:
    """An installation with these portfolios on record, each with a book of its own, priced by the market's file."""
    n = len(market.ids)
    runtime = open_runtime(Settings(home=folder / "home", market="files", market_path=market.path, **settings))
    runtime.runs.save_policies([chosen or policy(n)])
    universe = Universe(tuple(Asset(a, sector=f"S{i % 10}") for i, a in enumerate(market.ids)))
    benchmark = dict.fromkeys(market.ids, 1.0 / n)
    for k in range(books):
        runtime.portfolios.save(Portfolio(f"P{k:05d}", policy="night", universe=universe, benchmark=benchmark))
        runtime.portfolios.declare(book(market, k), "night")
    return runtime


def book(market: Market, k: int) -> Holdings:
    """About a million in some forty names."""
    rng = np.random.default_rng([k, 7])
    held = rng.choice(len(market.ids), size=min(len(market.ids), POSITIONS), replace=False)
    money = MONEY / len(held) * rng.uniform(0.5, 1.5, len(held))
    shares = {market.ids[j]: Decimal(int(m / market.closes[-1, j]) + 1) for j, m in zip(held, money, strict=True)}
    return Holdings(f"P{k:05d}", shares, Decimal(20_000))


def plant(runtime: Runtime, market: Market, books: int, failures: int) -> dict[str, str]:
    """So many of the books are given a fault each, of four kinds in turn, spread over all of them.

    Returns what the refusal of each must name, by portfolio.
    """
    n, words = len(market.ids), {}
    runtime.runs.save_policies([policy(n, "impossible", max_weight=0.5 / n), policy(n, "scored", min_quality=6.0)])
    for j in range(failures):
        k = (2 * j + 1) * books // (2 * failures)
        portfolio_id = f"P{k:05d}"
        words[portfolio_id] = _FAULTS[j % len(_FAULTS)](runtime, market, k)
    return words


def _without_a_price(runtime: Runtime, market: Market, k: int) -> str:
    held, name = book(market, k), f"UNPRICED{k:05d}"
    runtime.portfolios.declare(replace(held, shares={**held.shares, name: Decimal(7)}), "night")
    return name


def _contradictory(runtime: Runtime, _market: Market, k: int) -> str:
    runtime.portfolios.save(replace(runtime.portfolios.get(f"P{k:05d}"), policy="impossible"))
    return "max_weight"


def _worth_nothing(runtime: Runtime, _market: Market, k: int) -> str:
    runtime.portfolios.declare(Holdings(f"P{k:05d}", {}, Decimal(0)), "night")
    return f"P{k:05d}"


def _without_scores(runtime: Runtime, _market: Market, k: int) -> str:
    runtime.portfolios.save(replace(runtime.portfolios.get(f"P{k:05d}"), policy="scored"))
    return "quality"


_FAULTS = (_without_a_price, _contradictory, _worth_nothing, _without_scores)
