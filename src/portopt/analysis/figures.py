"""One portfolio in figures, by definitions a reader can check."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.plan import Figures
from portopt.domain.problem import Problem

NO_VOLATILITY = 1e-12  # a volatility below this is arithmetic; no ratio is formed with it
NO_POSITION = 1e-9


def figures(problem: Problem, w: Vector) -> Figures:
    """The book with weights w (n,), annual fractions.

        expected return  mu'w                       volatility      sqrt(w'Sigma w)
        Sharpe ratio     (mu'w - rf) / volatility   tracking error  sqrt((w - b)'Sigma(w - b))
        information ratio, ex ante  mu'(w - b) / tracking error

    The Sharpe ratio is None for a riskless book, the tracking error without a benchmark, the information ratio without one or
    on it, the drawdown without scenarios.
    positions: how many assets but cash are held, long or short.
    """
    moments = problem.moments
    expected_return = float(moments.mu @ w)
    volatility = moments.covariance.volatility(w)
    excess = expected_return - problem.risk_free_rate
    cash = problem.universe.cash_position
    held = np.abs(w) > NO_POSITION
    return Figures(
        expected_return=expected_return,
        volatility=volatility,
        sharpe_ratio=excess / volatility if volatility > NO_VOLATILITY else None,
        tracking_error=None if problem.benchmark is None else moments.covariance.volatility(w - problem.benchmark),
        information_ratio=None if problem.benchmark is None else information_ratio(problem, w - problem.benchmark),
        max_drawdown_in_sample=None if moments.scenarios is None else max_drawdown(w, moments.scenarios),
        positions=int((held & ~problem.universe.is_cash).sum()),
        cash_weight=0.0 if cash is None else float(w[cash]),
    )


def information_ratio(problem: Problem, active: Vector) -> float | None:
    """Expected return of active weights (n,) per unit of their volatility; None where there is none."""
    tracking_error = problem.moments.covariance.volatility(active)
    return float(problem.moments.mu @ active) / tracking_error if tracking_error > NO_VOLATILITY else None


def max_drawdown(w: Vector, scenarios: Matrix) -> float | None:
    """The deepest fall from a peak, of a portfolio held at weights w through the scenarios in their order.

        V_t = V_{t-1} (1 + r_t'w),  V_0 = 1;     max over t of  1 - V_t / max_{s <= t} V_s

    Weights are restored every period. A missing return (NaN) counts as zero: the asset stood still on that date, which
    understates the fall of an asset with a short history. In-sample: the weights were chosen on the same returns.

    Args:
        w: (n,). scenarios: (T, n) periodic simple returns, NaN where missing.
    Returns:
        A fraction, 0.25 is a fall of 25 %; None when there is no period.

    >>> round(max_drawdown(np.array([1.0]), np.array([[0.10], [-0.20], [0.05]])), 12)
    0.2
    """
    if scenarios.shape[0] == 0:
        return None
    growth = np.cumprod(1.0 + np.nan_to_num(scenarios, nan=0.0) @ w)
    value = np.concatenate([[1.0], growth])
    peak = np.maximum.accumulate(value)
    return float(np.max(1.0 - value / peak))
