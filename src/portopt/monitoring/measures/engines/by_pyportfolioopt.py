"""The question as PyPortfolioOpt's EfficientFrontier takes it: bounds, rows, and one of its three objectives."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Vector
from portopt.monitoring.measures.engines.plain_question import NoAnswer, PlainQuestion


def cannot(q: PlainQuestion) -> str | None:
    """Why it cannot be asked this; None where it can."""
    if q.active or not (q.ratio or q.gamma):
        return "it has no such objective"
    if q.charged or q.turnover is not None:
        return "it knows no trade from a book"
    if q.tracking_error is not None or q.volatility is not None:
        return "its ratio takes affine limits alone"
    return None


def solve(q: PlainQuestion) -> Vector:
    """(n,) weights. Raises NoAnswer where it finds none. Source: Martin (2021), PyPortfolioOpt."""
    from pypfopt import EfficientFrontier
    from pypfopt.exceptions import OptimizationError

    frontier = EfficientFrontier(q.mu, q.root @ q.root.T, weight_bounds=(None, None), solver="CLARABEL")
    # It adds a budget of its own where it optimizes; ours comes along among the rows.
    low, high = np.isfinite(q.lower), np.isfinite(q.upper)
    frontier.add_constraint(lambda w: -(q.A[low] @ w) <= -q.lower[low])
    frontier.add_constraint(lambda w: q.A[high] @ w <= q.upper[high])
    try:
        if q.ratio:
            frontier.max_sharpe(risk_free_rate=q.risk_free_rate)
        elif q.reward:
            frontier.max_quadratic_utility(risk_aversion=q.gamma / q.reward)
        else:
            frontier.min_volatility()
    except (OptimizationError, ValueError) as error:
        raise NoAnswer(f"PyPortfolioOpt: {error}") from None
    return np.asarray(frontier.weights, dtype=float)
