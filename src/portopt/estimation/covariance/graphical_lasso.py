"""Sparse inverse covariance: pairs that do not matter once all others are known have a zero."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix
from portopt.domain.errors import DataError
from portopt.domain.moments import Covariance
from portopt.estimation.covariance.forms import sealed
from portopt.estimation.options import Option

OPTIONS = {
    "penalty": Option(None, "on the inverse correlations off the diagonal; None is sqrt(log n / T)", least=0.0, most=1.0),
}
MOST_STEPS, GAP, STILL, MEMORY = 2000, 1e-9, 1e-10, 10


def graphical_lasso(X: Matrix, penalty: float | None) -> Covariance:
    """Covariance whose inverse is sparse, on the scale of correlations.

        Theta = argmin  tr(C Theta) - log det Theta + a sum_{i != j} |Theta_ij|,   Sigma = diag(s) Theta^-1 diag(s)

    C and s: sample correlation and standard deviations. Every variance is the sample's own.

    Args:
        X: (T, n) simple returns, complete. penalty: a.
    Source: Friedman, Hastie and Tibshirani (2008), Sparse inverse covariance estimation with the graphical lasso; the
        penalty's rate is Bickel and Levina's (2008).
    """
    T, n = X.shape
    Y = X - X.mean(axis=0)
    s = np.sqrt(np.einsum("ti,ti->i", Y, Y) / (T - 1))
    Z = Y / np.where(s > 0.0, s, 1.0)
    C = Z.T @ Z / (T - 1)
    C.ravel()[:: n + 1] = 1.0
    a = float(np.sqrt(np.log(max(n, 2)) / T)) if penalty is None else penalty
    return sealed(sparse_inverse(C, a) * np.outer(s, s))


def sparse_inverse(C: Matrix, a: float) -> Matrix:
    """W = Theta^-1 by the dual, a smooth problem in a box:

        maximize  log det W   subject to   |W_ij - C_ij| <= a,  W_ii = C_ii

    Spectral projected gradient steps (Birgin, Martinez and Raydan 2000) from a positive definite start; stopped when the
    duality gap  tr(C Theta) + a |Theta|_off - n,  Theta = W^-1,  is below 1e-9 n and a whole gradient step moves no entry by
    more than 1e-11, or rounding lets the value rise no more.

    Raises:
        DataError: a singular C with no penalty.
    Source: Banerjee, El Ghaoui and d'Aspremont (2008) for the dual.

    C: (n, n) a correlation; W too.
    """
    n = len(C)
    if a == 0.0:
        _require_definite(C)
        return C.copy()
    low, high = C - a, C + a
    np.fill_diagonal(low, np.diagonal(C))
    np.fill_diagonal(high, np.diagonal(C))
    W = C * (1.0 - min(a, 1.0))  # the off-diagonal shrunk to zero by a stays inside the box, as |C| <= 1
    np.fill_diagonal(W, np.diagonal(C))
    value, Theta = _log_det(W)
    values, step = [value], 1.0
    for _ in range(MOST_STEPS):
        still = float(np.abs(np.clip(W + Theta, low, high) - W).max()) <= STILL
        gap = float(np.vdot(C, Theta)) + a * (float(np.abs(Theta).sum()) - float(np.trace(np.abs(Theta)))) - n
        stuck = len(values) > 2 * MEMORY and max(values[-MEMORY:]) <= max(values[:-MEMORY]) + 1e-15 * n
        if gap <= GAP * n and (still or stuck):
            break
        direction = np.clip(W + step * Theta, low, high) - W
        slope, length = float(np.vdot(Theta, direction)), 1.0
        while True:
            tried = W + length * direction
            value, inverse = _log_det(tried)
            if value >= min(values[-MEMORY:]) + 1e-4 * length * slope or length < 1e-12:
                break
            length /= 2.0
        if length < 1e-12:
            break
        moved, bent = tried - W, Theta - inverse
        curve = float(np.vdot(moved, bent))
        step = min(max(float(np.vdot(moved, moved)) / curve, 1e-10), 1e10) if curve > 0.0 else 1e10
        W, Theta = tried, inverse
        values.append(value)
    return np.asarray((W + W.T) / 2.0)


def _log_det(W: Matrix) -> tuple[float, Matrix]:
    """log det W and W^-1; minus infinity where W is not positive definite."""
    from scipy.linalg import lapack

    factor, failed = lapack.dpotrf(W, lower=1)
    if failed:
        return -np.inf, W
    inverse, _ = lapack.dpotri(factor, lower=1)
    lower = np.tril(inverse)
    return 2.0 * float(np.log(np.diagonal(factor)).sum()), lower + np.tril(lower, -1).T


def _require_definite(C: Matrix) -> None:
    if not np.isfinite(_log_det(C)[0]):
        raise DataError(
            "the sample correlation is singular, and a graphical lasso without a penalty needs its inverse",
            field="estimation.covariance_options.penalty",
            fixes=["give a positive penalty", "choose the covariance 'ledoit_wolf'"],
        )
