"""From prices to certified weights: python tests/benchmarks/prices_jobs.py --sizes 1000 10000.

Prices of 757 days, n assets in eleven sectors and cash -> a covariance in factor form -> long-only weights under position,
sector and cash limits -> the audit. One core, BLAS threads 1; CPU seconds of the best of a few runs, by step. The most memory
held at once by what the job allocated stands beside: an n x n matrix of 10,000 assets alone would be 800 MB. No peer measured
takes this job at 10,000.

Exit code 1 when an answer is not certified, or the memory held at once would have had room for an n x n matrix.
"""

from __future__ import annotations

import argparse
import os
import sys

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy: its BLAS reads it once

import time
import tracemalloc
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import numpy as np

from portopt.domain.certificate import ValidatedSolution
from portopt.domain.exposures import exposures_of
from portopt.domain.factor_returns import FactorReturns
from portopt.domain.market import MarketSnapshot
from portopt.domain.problem import Problem
from portopt.domain.request import EstimationChoice
from portopt.domain.universe import CASH, Asset, Universe
from portopt.estimation import estimate
from portopt.pipeline import certify, optimize
from portopt.terms.catalog import parse_limits, parse_objective

DAYS, FACTORS, SECTORS = 757, 20, 11
LIMITS = {"budget": True, "long_only": True, "max_weight": 0.01, "sector_limits": 0.25, "cash": {"max": 0.02}}
OBJECTIVES = {"min_risk": {"kind": "min_risk"}, "utility": {"kind": "utility", "risk_aversion": 4.0}}
CHOICES = {
    "components": EstimationChoice(covariance="factor"),
    "statistical model": EstimationChoice(covariance="factor_model"),
    "model on 20 factors": EstimationChoice(covariance="factor_model", factors={"method": "time_series"}),
}


def made_market(n: int, seed: int = 20261121) -> tuple[MarketSnapshot, Universe, FactorReturns]:
    """Twenty factors, the first of them the market, fat-tailed noise; the same for every run."""
    rng = np.random.default_rng(seed)
    F = 0.0003 + 0.008 * rng.normal(size=(DAYS - 1, FACTORS)) * np.linspace(1.0, 0.3, FACTORS)
    B = np.column_stack([rng.uniform(0.5, 1.5, n), rng.normal(0.0, 0.5, (n, FACTORS - 1))])
    R = F @ B.T + rng.uniform(0.006, 0.022, n) * rng.standard_t(5, size=(DAYS - 1, n)) + rng.normal(0.0001, 0.0002, n)
    prices = np.vstack([np.full(n, 50.0), 50.0 * np.cumprod(1.0 + np.clip(R, -0.5, 1.0), axis=0)])
    ids = tuple(f"A{i:05d}" for i in range(n))
    dates = np.datetime64("2020-01-01") + np.arange(DAYS)
    snapshot = MarketSnapshot("pack-made", date(2022, 1, 26), ids, dates, prices, None, "made", "adjusted")
    assets = tuple(Asset(a, sector=f"S{i % SECTORS}") for i, a in enumerate(ids))
    factors = FactorReturns(tuple(f"f{k}" for k in range(FACTORS)), F, dates[1:], excess=True)
    return snapshot, Universe((*assets, Asset(CASH))), factors


def run(
    market: tuple[MarketSnapshot, Universe, FactorReturns], choice: EstimationChoice, objective: dict[str, Any]
) -> tuple[list[float], ValidatedSolution]:
    """CPU seconds of estimate, optimize, validate; and the certified answer."""
    snapshot, universe, factors = market
    clock = [time.process_time()]
    moments = estimate(snapshot, universe, choice, 0.01, None, factors if choice.factors else None)
    clock.append(time.process_time())
    problem = Problem(
        moments,
        parse_objective(objective),
        parse_limits(LIMITS),
        risk_free_rate=0.01,
        exposures=exposures_of(universe, moments.factor_model),
    )
    answer = optimize(problem)
    clock.append(time.process_time())
    validated = certify(answer)
    clock.append(time.process_time())
    return [float(step) for step in np.diff(clock)], validated


def peak_bytes(answer: Callable[[], object]) -> int:
    """Most memory held at once by what `answer` allocated."""
    tracemalloc.start()
    try:
        answer()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(f"{'assets':>7} {'covariance':<20} {'objective':<9} {'estimate':>8} {'optimize':>8} {'validate':>8} {'total s':>8}"
          f" {'peak MB':>8} {'n x n MB':>8} {'gap':>8}")  # fmt: skip
    failed = False
    for n in options.sizes:
        market = made_market(n)
        for name, choice in CHOICES.items():
            for kind, objective in OBJECTIVES.items():
                runs = [run(market, choice, objective) for _ in range(options.runs)]
                steps, validated = min(runs, key=lambda one: sum(one[0]))
                peak = peak_bytes(partial(run, market, choice, objective))
                square = 8 * n * n
                failed |= not validated.certificate.certified or (n >= 5_000 and peak > square)
                print(f"{n:>7,} {name:<20} {kind:<9} {steps[0]:8.3f} {steps[1]:8.3f} {steps[2]:8.3f} {sum(steps):8.3f}"
                      f" {peak / 1e6:8.0f} {square / 1e6:8.0f} {validated.certificate.relative_gap:8.0e}")  # fmt: skip
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
