"""The whole job as a user brings it: holdings as CSV, prices as Parquet, a policy as JSON. Any number of assets, one seed.

An eight-factor market of eleven sectors with 756 returns of each asset; the benchmark is long-tailed, good quality goes with
size, and a third of the names is held, near the benchmark, so that every policy below has an answer in one step.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

DAYS, FACTORS, SECTORS, LAST_DAY = 757, 8, 11, "2024-06-28"
MONEY_PER_NAME = 20_000.0
FACTOR_FORM_FROM = 5_000  # assets: beyond it a user asks for components
POLICIES = Path(__file__).parents[2] / "config" / "policies.json"
SHIPPED = ("quality_focused", "aggressive_growth", "conservative_income")
INDEX = "index"
JOBS = (INDEX, *SHIPPED)


@dataclass(frozen=True)
class Files:
    """Where the job's files lie."""

    holdings: Path
    prices: Path
    policies: Path


def write_files(folder: Path, n: int, seed: int = 20261129) -> Files:
    """holdings.csv, prices.parquet and policies.json of a market of n assets; the same bytes for every call."""
    import polars as pl

    rng = np.random.default_rng([seed, n])
    ids = [f"A{i:05d}" for i in range(n)]
    sectors = rng.permutation(np.arange(n) % SECTORS)
    prices = _prices(rng, n, sectors)
    benchmark = _capped(np.exp(1.1 * rng.normal(size=n)), max(0.04, 2.0 / n))
    quality = _quality(rng, benchmark)
    shares = _book(rng, benchmark, quality, prices[-1])
    days = np.busday_offset(LAST_DAY, np.arange(1 - DAYS, 1), roll="backward")
    volumes = np.round(2e9 * benchmark / prices[-1] * rng.lognormal(0.0, 0.4, (DAYS, n)) + 1e4)
    files = Files(folder / "holdings.csv", folder / "prices.parquet", folder / "policies.json")
    long = {
        "asset_id": np.repeat(ids, DAYS), "date": np.tile(days, n),
        "close": prices.T.ravel(), "volume": volumes.T.ravel(),
    }  # fmt: skip
    pl.DataFrame(long).with_columns(pl.col("date").cast(pl.Date)).write_parquet(files.prices)
    book = {
        "asset": ids, "shares": shares, "sector": [f"Sector {s}" for s in sectors],
        "quality_score": np.round(quality, 2), "benchmark_weight": benchmark,
    }  # fmt: skip
    cash = {"asset": ["CASH"], "shares": [int(0.005 * MONEY_PER_NAME * n)]}
    pl.concat([pl.DataFrame(book), pl.DataFrame(cash)], how="diagonal").write_csv(files.holdings)
    files.policies.write_text(json.dumps({"schema_version": "1.0", "policies": policies(n)}, indent=1))
    return files


def policies(n: int) -> list[dict[str, Any]]:
    """The shipped three and the index job; in factor form for thousands of assets."""
    found = json.loads(POLICIES.read_text())["policies"]
    index = {**found[0], "id": INDEX, "name": "Index", "description": "Near an index, on all of its names."}
    index["limits"] = {
        "long_only": True, "max_weight": max(0.04, 3.0 / n), "sector_limits": 0.25, "max_turnover": 0.2,
        "max_tracking_error": 0.015, "cash": {"max": 0.02},
    }  # fmt: skip
    if n >= FACTOR_FORM_FROM:
        found = [{**p, "estimation": {**p["estimation"], "covariance": "factor"}} for p in found]
        index["estimation"] = found[0]["estimation"]
    return [index, *found]


def _prices(rng: np.random.Generator, n: int, sectors: np.ndarray) -> np.ndarray:
    """(DAYS, n) closing prices in cents: the market, six styles, one factor of the sector, and noise with fat tails."""
    loadings = np.column_stack([rng.normal(1.0, 0.2, n), 0.4 * rng.normal(size=(n, FACTORS - 2)), np.cos(sectors)])
    scale = np.concatenate([[0.0095], np.full(FACTORS - 2, 0.003), [0.004]])
    factors = scale * rng.normal(size=(DAYS - 1, FACTORS)) + np.concatenate([[0.0004], np.zeros(FACTORS - 1)])
    noise = rng.uniform(0.006, 0.014, n) * rng.standard_t(6, size=(DAYS - 1, n)) / np.sqrt(1.5)
    returns = np.clip(factors @ loadings.T + noise, -0.4, 0.4)
    first = rng.lognormal(np.log(80.0), 0.6, n)
    return np.maximum(np.round(first * np.vstack([np.ones(n), np.cumprod(1.0 + returns, axis=0)]), 2), 0.01)


def _quality(rng: np.random.Generator, benchmark: np.ndarray) -> np.ndarray:
    """(n,) scores between 2 and 10; what is large in the benchmark is mostly good."""
    rank = np.argsort(np.argsort(-benchmark)) / len(benchmark)  # 0 for the largest
    return np.clip(9.6 - 6.0 * np.maximum(rank - 0.45, 0.0) - 0.4 * np.abs(rng.normal(size=len(rank))), 2.0, 10.0)


def _book(rng: np.random.Generator, benchmark: np.ndarray, quality: np.ndarray, prices: np.ndarray) -> np.ndarray:
    """(n,) whole shares: the better and larger third of the names, each within a third of its share of the benchmark."""
    n = len(benchmark)
    appeal = np.log(benchmark) + 0.5 * quality + 0.3 * rng.normal(size=n)
    held = np.argsort(-appeal)[: max(n // 3, 30)]
    weights = np.zeros(n)
    weights[held] = benchmark[held] * rng.uniform(0.7, 1.3, len(held))
    return np.round(0.995 * MONEY_PER_NAME * n * weights / weights.sum() / prices).astype(int)


def _capped(weights: np.ndarray, cap: float) -> np.ndarray:
    """Weights adding to one, none much above `cap`."""
    w = weights / weights.sum()
    for _ in range(50):
        w = np.minimum(w, cap)
        w = w / w.sum()
    return np.asarray(w)
