"""DeMiguel, Garlappi and Uppal's comparison on files as the data library publishes them.

    python tests/benchmarks/published_portfolios.py 10_Industry_Portfolios.csv --bills F-F_Research_Data_Factors.csv

Each period the moments of the last `--window` returns in excess of bills, and the weights held for one period: one part in N,
the least variance, mean and variance, each also without short positions. The Sharpe ratio outside the window, of a period; how
far it is from a loop over closed forms, where there is one; and the probability that one part in N is as good, by the test of
Ledoit and Wolf (2008).
Zip archives are read as they are. The files are not part of this repository.
"""

from __future__ import annotations

import argparse
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from portopt.adapters.providers.factor_files import read_factor_file
from portopt.domain.backtest import BacktestRequest, Execution
from portopt.domain.errors import DataError
from portopt.domain.factor_returns import FactorReturns
from portopt.domain.request import DataPolicy, EstimationChoice, Policy, TradingRules
from portopt.domain.universe import Universe
from portopt.judgement.pairs import compare
from portopt.simulation.deciders import decider_of
from portopt.simulation.history import History
from portopt.simulation.published import held_to_the_next, published_history
from portopt.simulation.simulate import simulate

NO_CASH = {"min": 0.0, "max": 1e-8}


def goals(aversion: float) -> dict[str, tuple[dict[str, Any], bool]]:
    least, both = {"kind": "min_risk"}, {"kind": "utility", "risk_aversion": aversion}
    return {
        "least variance": (least, False),
        "least variance, long only": (least, True),
        "mean and variance": (both, False),
        "mean and variance, long only": (both, True),
    }


def ours(h: History, goal: dict[str, Any], long_only: bool, window: int) -> np.ndarray:
    estimation = EstimationChoice(lookback=window, min_observations=window, covariance="sample", periods_per_year=12.0)
    limits, trading = {"long_only": long_only, "cash": NO_CASH}, TradingRules(min_trade_value=0.0)
    policy = Policy("published", "Published", goal, limits, risk_free_rate=0.0, estimation=estimation,
                    data=DataPolicy(stale="accept"), trading=trading)  # fmt: skip
    asked = BacktestRequest(
        policy, Universe.of(h.ids), Decimal(10**9), ["daily"], execution=Execution(fractional=True, delay=0)
    )
    return held_to_the_next(simulate(asked, h, decider_of(asked, "live")), h)


def by_hand(X: np.ndarray, window: int, aversion: float | None) -> np.ndarray:
    """Short positions allowed. aversion: None is the least variance."""
    out = []
    for t in range(window, len(X)):
        m, S = X[t - window : t].mean(axis=0), np.cov(X[t - window : t].T)
        w = np.linalg.solve(S, np.ones(len(m)))
        w /= w.sum()
        if aversion is not None:
            w = w + np.linalg.solve(S, m - w @ m) / aversion
        out.append(X[t] @ w)
    return np.array(out)


def ratio(r: np.ndarray) -> float:
    return float(r.mean() / r.std(ddof=1))


def of_the_same_periods(found: FactorReturns, bills: FactorReturns) -> tuple[FactorReturns, np.ndarray]:
    """Both on the dates that they share. Raises DataError where they share none, or no bills are there."""
    if bills.risk_free is None or bills.dates is None or found.dates is None:
        raise DataError(f"{bills.source} has no risk-free rate (RF)", field="bills")
    shared, a, b = np.intersect1d(found.dates, bills.dates, return_indices=True)
    if not len(shared):
        raise DataError(f"{found.source} and {bills.source} share no period", field="bills")
    return FactorReturns(found.names, found.values[a], shared, source=found.source), bills.risk_free[b]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("portfolios", type=Path)
    options.add_argument("--bills", type=Path, required=True, help="a file with the column RF, of the same periods")
    options.add_argument("--frequency", default="monthly")
    options.add_argument("--window", type=int, default=120)
    options.add_argument("--aversion", type=float, default=5.0)
    given = options.parse_args()
    files = (read_factor_file(path, frequency=given.frequency) for path in (given.portfolios, given.bills))
    found, bills = of_the_same_periods(*files)
    h = published_history(found, bills)
    X = found.values - bills[:, None]
    equal = X[given.window :].mean(axis=1)
    print(f"{found.source}: {len(found.names)} portfolios, {len(X)} periods to {h.dates[-1]}, {len(equal)} of them judged")
    print(f"{'':<32}{'Sharpe':>9}{'apart from the loop':>22}{'as good as 1/N':>17}")
    print(f"{'one part in N':<32}{ratio(equal):>9.4f}")
    for name, (goal, long_only) in goals(given.aversion).items():
        r = ours(h, goal, long_only, given.window)
        told = "" if long_only else f"{abs(ratio(r) - ratio(by_hand(X, given.window, goal.get('risk_aversion')))):.1e}"
        print(
            f"{name:<32}{ratio(r):>9.4f}{told:>22}{compare(r, equal, periods_per_year=12.0).sharpe_p_value or 1.0:>17.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
