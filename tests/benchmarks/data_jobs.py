"""From data to beliefs and on: shrinkage against a matrix product, long prices to wide ones, prices to certified weights."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from portopt.domain.market import MarketQuery


def data_rows(options: argparse.Namespace) -> list[dict[str, str]]:
    """Rows of (what, value, note); peers in the same run."""
    quick = bool(options.quick)
    return [
        *_shrinkage(200 if quick else 1_000),
        *_wide(100_000 if quick else 1_000_000),
        *_wide_files((50, 200) if quick else (500, 5_000)),
        *_prices(1_000 if quick else 10_000),
    ]


def _cpu(answer: Callable[[], Any], runs: int) -> float:
    """Median CPU seconds, after one run to warm up."""
    answer()
    times = []
    for _ in range(runs):
        began = time.process_time()
        answer()
        times.append(time.process_time() - began)
    return statistics.median(times)


def _row(what: str, seconds: float, note: str) -> dict[str, str]:
    return {"what": what, "value": f"{1e3 * seconds:.1f} ms", "note": note}


def _shrinkage(n: int) -> list[dict[str, str]]:
    import pandas as pd
    from pypfopt.risk_models import CovarianceShrinkage
    from sklearn.covariance import ledoit_wolf as theirs

    from portopt.estimation.covariance.ledoit_wolf import ledoit_wolf

    X = np.random.default_rng(1).normal(size=(n, n)) * 0.01
    frame = pd.DataFrame(X)
    ours, product = _cpu(lambda: ledoit_wolf(X), 7), _cpu(lambda: X.T @ X.copy(), 7)
    symmetric = _cpu(lambda: X.T @ X, 7)
    library, scikit = _cpu(lambda: CovarianceShrinkage(frame, returns_data=True).ledoit_wolf(), 3), _cpu(lambda: theirs(X), 3)
    what = f"Ledoit-Wolf, {n:,} x {n:,}"
    note = f"{ours / product:.2f} of a matrix product, {ours / symmetric:.2f} of the symmetric one (goal 1.3)"
    return [
        _row(f"{what}, portopt", ours, note),
        _row(f"{what}, PyPortfolioOpt", library, f"{library / ours:.1f} x ours"),
        _row(f"{what}, scikit-learn", scikit, f"{scikit / ours:.1f} x ours"),
    ]


def _wide(rows: int) -> list[dict[str, str]]:
    import polars as pl

    from portopt.market.panel import panel_of

    assets, days = rows // 1_000, 1_000
    rng = np.random.default_rng(2)
    dates = np.datetime64("2018-01-01") + np.arange(days)
    table = pl.DataFrame(
        {
            "asset_id": np.repeat([f"A{i:05d}" for i in range(assets)], days),
            "date": np.tile(dates, assets),
            "close": 50.0 + rng.random(rows),
        }
    ).with_columns(pl.col("date").cast(pl.Date))
    mixed = table.sample(fraction=1.0, shuffle=True, seed=3)
    frame = mixed.to_pandas()
    pivot = _cpu(lambda: frame.pivot(index="date", columns="asset_id", values="close").pct_change(), 3)
    found = []
    for name, asked, goal in (("sorted", table, 10), ("any order", mixed, 3)):
        ours = _cpu(lambda asked=asked: panel_of(asked), 5)
        found.append(_row(f"{rows:,} price rows to wide, {name}", ours, f"pandas {pivot / ours:.1f} x ours (goal {goal})"))
    return found


def _wide_files(widths: tuple[int, int], days: int = 1_260) -> list[dict[str, str]]:
    """A column an asset: what a table of many costs for each of its cells, against one of few."""
    import polars as pl

    from portopt.adapters.providers.files import FileProvider

    dates, seconds, found = np.datetime64("2018-01-01") + np.arange(days), [], []
    for columns in widths:
        closes = 50.0 + np.random.default_rng(4).random((columns, days)).round(2)
        table = pl.DataFrame({"date": dates, **{f"A{i:05d}": values for i, values in enumerate(closes)}})
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "wide.csv"
            table.write_csv(path)
            seconds.append(_cpu(lambda path=path: FileProvider(path).prices(MarketQuery()), 3))
        a_cell = (seconds[-1] / seconds[0]) / (columns / widths[0])
        found.append(
            _row(f"{columns:,} columns x {days:,} days of CSV", seconds[-1], f"{a_cell:.2f} x as long a cell (goal 1.3)")
        )
    return found


def _prices(n: int) -> list[dict[str, str]]:
    from prices_jobs import CHOICES, OBJECTIVES, made_market, run

    made = made_market(n)
    found = []
    for name, choice in CHOICES.items():
        steps, validated = min((run(made, choice, OBJECTIVES["min_risk"]) for _ in range(2)), key=lambda one: sum(one[0]))
        note = f"certified, relative gap {validated.certificate.relative_gap:.0e}, no n x n matrix; goal 1 s at 10,000"
        found.append(_row(f"prices to certified weights, {n:,} assets, {name}", sum(steps), note))
    return found
