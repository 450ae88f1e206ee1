"""The watch at size: python tests/benchmarks/watch_rows.py [--books 10000] [--measured 100] [--assets 50].

rules     so many books with every figure of a book, by the shipped rules: one evaluation, one book in a hundred in trouble.
          Goal: 10,000 books by 20 rules in 5 s.
measure   an installation with so many books of so many assets on common prices, each with a released proposal: a look at all
          of them, the first (proposals are read from documents) and the next (from figures), without other engines.

CPU seconds of one process, one BLAS thread; of evaluations the best of three.
"""

from __future__ import annotations

import argparse
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy: its BLAS reads it once

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from portopt.adapters.providers.exchange_calendar import sessions_over
from portopt.domain.holdings import Holdings
from portopt.domain.request import EstimationChoice, Policy, RebalanceRequest
from portopt.domain.universe import Asset, Universe
from portopt.domain.watch import Figure, Standing, labels
from portopt.monitoring.catalog import BOOKS
from portopt.monitoring.evaluate import evaluate
from portopt.monitoring.rules.standard import shipped_rules
from portopt.questions.rebalance import rebalance
from portopt.runs.watch.measuring import measure
from portopt.runtime import Runtime
from portopt.settings import Settings

NOW = datetime(2024, 6, 4, 12, tzinfo=UTC)
GOOD = {
    "book_value": 1e6, "book_cash": 0.03, "book_volatility_ratio": 1.0, "book_var_exceptions": 0.5, "book_proposal_age": 5.0,
    "book_cost_ratio": 1.0, "book_tracking_ratio": 1.0, "book_tracking_error": 0.01, "book_volatility": 0.1,
}  # fmt: skip
LIMITS = {"book_drift": 0.05, "book_tracking_error": 0.02, "book_volatility": 0.2, "book_cash": 0.0}


def timed(work: Callable[[], Any], times: int = 1) -> tuple[float, Any]:
    best, found = float("inf"), None
    for _ in range(times):
        began = time.process_time()
        found = work()
        best = min(best, time.process_time() - began)
    return best, found


def figures(books: int) -> list[Figure]:
    rng, found = np.random.default_rng(1), []
    names = [one.name for one in BOOKS if one.labels == ("portfolio",)]
    trouble = rng.random((books, len(names))) < 0.01 / len(names)
    for k in range(books):
        of = labels(portfolio=f"P{k:05d}")
        for i, name in enumerate(names):
            value = 3.0 if trouble[k, i] else GOOD.get(name, 0.0)
            found.append(Figure(name, of, NOW, value, limit=LIMITS.get(name)))
    return found


def by_rules(books: int) -> None:
    rules, given = shipped_rules(), figures(books)
    of_books = [rule for rule in rules if rule.of == ("portfolio",)]
    seconds, found = timed(lambda: evaluate(rules, Standing(0, None), given, NOW), times=3)
    print(f"rules     {books:>6} books, {len(given)} figures, {len(rules)} rules ({len(of_books)} of books): {seconds:.2f} s, "
          f"{len(found.alerts)} alerts, {len(found.notices)} told")  # fmt: skip


def by_measuring(books: int, assets: int) -> None:
    sessions = sessions_over("XNYS", NOW.date() - timedelta(days=800), NOW)
    rng, names = np.random.default_rng(2), [f"A{j:03d}" for j in range(assets)]
    common = rng.normal(0.0003, 0.008, (len(sessions), 1))
    closes = np.round(100 * np.exp(np.cumsum(common + rng.normal(0, 0.012, (len(sessions), assets)), axis=0)), 2)
    with tempfile.TemporaryDirectory() as folder:
        wide = pl.DataFrame({"date": list(sessions), **{a: closes[:, j] for j, a in enumerate(names)}})
        wide.write_parquet(Path(folder) / "prices.parquet")
        runtime = Runtime(Settings(home=Path(folder) / "home", market="files", market_path=Path(folder) / "prices.parquet"))
        universe = Universe(tuple(Asset(a, sector=f"S{j % 8}") for j, a in enumerate(names)))
        policy = Policy("p", "P", {"kind": "max_sharpe"}, {"long_only": True, "max_weight": 0.1, "sector_limits": 0.3},
                        estimation=EstimationChoice(lookback=504))  # fmt: skip
        for k in range(books):
            held = {a: Decimal(int(n)) for a, n in zip(names, rng.integers(50, 500, assets), strict=True)}
            request = RebalanceRequest(Holdings(f"P{k:05d}", held, Decimal(10_000)), policy, universe, provider="files",
                                       as_of=sessions[-30])  # fmt: skip
            rebalance(request, runtime, frontier=False)
        first, found = timed(lambda: measure(runtime, NOW, engines=False))
        runtime.figures.put(found.figures)
        later = NOW + timedelta(minutes=1)
        again, found = timed(lambda: measure(runtime, later, engines=False))
        missing = sum(f.value is None for f in found.figures if f.name == "book_volatility")
    print(f"measure   {books:>6} books of {assets} assets: {first:.2f} s first, {again:.2f} s the next time, "
          f"{1e3 * again / books:.1f} ms a book; {missing} without a volatility")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--books", type=int, default=10_000)
    parser.add_argument("--measured", type=int, default=100)
    parser.add_argument("--assets", type=int, default=50)
    given = parser.parse_args()
    by_rules(given.books)
    by_measuring(given.measured, given.assets)


if __name__ == "__main__":
    main()
