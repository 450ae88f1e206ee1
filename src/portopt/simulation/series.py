"""What is read off a whole run: its equity had orders been free, the volatility that impact is charged by, its warnings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.backtest import Cents, Decision, Execution, Fill
from portopt.simulation.history import History, day_of

VOLATILITY_WINDOW = 63
LISTED = 5


def gross_of(worth: Cents, costs: Cents, flows: Cents, begun: int) -> Vector:
    """(T,) cents, had orders cost nothing: each day's costs are given back and grow with the book.

        g_t = g_{t-1} (E_t - F_t + c_t) / E_{t-1} + F_t

    worth, costs, flows: (T,) E, c, F at each close. begun: E before the first day.
    """
    gross, before, g = np.zeros(len(worth)), float(begun), float(begun)
    for t in range(len(worth)):
        g = g * (worth[t] - flows[t] + costs[t]) / before + flows[t] if before > 0.0 else float(worth[t])
        gross[t], before = g, float(worth[t])
    return gross


def needs_volatility(execution: Execution) -> bool:
    return execution.impact > 0.0 or execution.linear_impact > 0.0


def trailing_volatility(prices: Matrix) -> Matrix:
    """(T, n) standard deviation of the daily returns of the sessions before each day; NaN before there are three of them.

    prices: (T, n).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        X = prices[1:] / prices[:-1] - 1.0
    known = np.isfinite(X)
    X = np.where(known, X, 0.0)
    count, total, squares = (_trailing(a) for a in (known.astype(np.float64), X, X * X))
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = (squares - total * total / count) / (count - 1.0)
    sigma = np.where(count >= 3.0, np.sqrt(np.maximum(variance, 0.0)), np.nan)
    return np.vstack([np.full((1, prices.shape[1]), np.nan), sigma])


def _trailing(values: Matrix) -> Matrix:
    """(T - 1, n) sums over the window that ends the session before."""
    running = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])[:-1]
    begin = np.maximum(np.arange(len(values)) - VOLATILITY_WINDOW, 0)
    return np.asarray(running - running[begin])


def warnings_of(
    decisions: Sequence[Decision], fills: Sequence[Fill], unfilled: Sequence[tuple[str, str]], history: History
) -> tuple[str, ...]:
    """What a reader must not overlook, in sentences."""
    found = []
    failed = [d for d in decisions if d.status == "failed"]
    if not fills:
        found.append(_no_trade(decisions, failed))
    if failed:
        days = ", ".join(str(day_of(history.dates[d.day])) for d in failed[:LISTED])
        more = f" and {len(failed) - LISTED} more" if len(failed) > LISTED else ""
        found.append(f"{len(failed)} of {len(decisions)} decisions failed, and the book stayed as it was: {days}{more}")
    if unfilled:
        found.append(f"{len(unfilled)} orders were not filled, or not in full: {unfilled[0][1]}")
    return tuple(found)


def _no_trade(decisions: Sequence[Decision], failed: Sequence[Decision]) -> str:
    if not decisions:
        return "No trade was made: no decision ever fell due, so what is shown is cash and no strategy"
    if len(failed) == len(decisions):
        why = str((failed[0].problem or {}).get("detail", ""))
        return f"No trade was made: every decision failed, the first because {why}"
    return "No trade was made: no decision changed the book, or no order met a price, so what is shown is no strategy"
