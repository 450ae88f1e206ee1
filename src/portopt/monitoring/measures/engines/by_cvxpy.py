"""The question written in cvxpy and solved by Clarabel."""

from __future__ import annotations

from typing import Any

import numpy as np

from portopt.domain.arrays import Vector
from portopt.monitoring.measures.engines.plain_question import NoAnswer, PlainQuestion

Expression = Any  # cvxpy has no types
TOLERANCE = 1e-10


def solve(q: PlainQuestion) -> Vector:
    """(n,) weights. Raises NoAnswer where it finds none.

    A ratio by its homogeneous form: y = kappa w, kappa > 0,

        minimize  ||R'y||   subject to   mu'y - rf kappa - costs(y, kappa) >= 1

    Source: Schaible (1974) for ratios; cvxpy (Diamond and Boyd, 2016), Clarabel (Goulart and Chen, 2024).
    """
    import cvxpy as cp

    y = cp.Variable(q.n)
    kappa: Expression = cp.Variable(nonneg=True) if q.ratio else 1.0
    held = _limits(q, y, kappa)
    if q.ratio:
        held.append(q.mu @ y - q.risk_free_rate * kappa - _costs(q, y, kappa) >= 1.0)
    problem = cp.Problem(cp.Minimize(_wanted(q, y)), held)
    try:
        problem.solve(solver=cp.CLARABEL, tol_gap_abs=TOLERANCE, tol_gap_rel=TOLERANCE, tol_feas=TOLERANCE)
    except cp.error.SolverError as error:
        raise NoAnswer(f"cvxpy with Clarabel: {error}") from None
    if y.value is None or problem.status not in (cp.OPTIMAL, cp.OPTIMAL_INACCURATE):
        raise NoAnswer(f"cvxpy with Clarabel: {problem.status}")
    scale = float(kappa.value) if q.ratio else 1.0
    return np.asarray(y.value, dtype=float) / scale


def _wanted(q: PlainQuestion, y: Expression) -> Expression:
    """What is least where the question is answered best."""
    import cvxpy as cp

    if q.ratio:
        return cp.norm2(q.root.T @ y)
    wanted = _costs(q, y, 1.0) - q.reward * (q.mu @ y)
    if q.gamma:
        wanted += 0.5 * q.gamma * cp.sum_squares(q.root.T @ y)
    if q.active:
        wanted += 0.5 * q.active * cp.sum_squares(q.root.T @ (y - q.benchmark))
    return wanted


def _limits(q: PlainQuestion, y: Expression, kappa: Expression) -> list[Expression]:
    import cvxpy as cp

    low, high = np.isfinite(q.lower), np.isfinite(q.upper)
    held = [q.A[low] @ y >= q.lower[low] * kappa, q.A[high] @ y <= q.upper[high] * kappa]
    if q.turnover is not None:
        held.append(cp.norm1(y - q.w_prev * kappa) <= 2.0 * q.turnover * kappa)
    if q.tracking_error is not None:
        held.append(cp.norm2(q.root.T @ (y - q.benchmark * kappa)) <= q.tracking_error * kappa)
    if q.volatility is not None:
        held.append(cp.norm2(q.root.T @ y) <= q.volatility * kappa)
    return held


def _costs(q: PlainQuestion, y: Expression, kappa: Expression) -> Expression:
    import cvxpy as cp

    return q.rates @ cp.abs(y - q.w_prev * kappa) if q.charged else 0.0
