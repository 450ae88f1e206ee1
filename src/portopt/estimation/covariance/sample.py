"""The sample covariance."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix
from portopt.domain.moments import Covariance
from portopt.estimation.covariance.forms import few_rows, of_rows, sealed


def sample(X: Matrix) -> Covariance:
    """Unbiased sample covariance of one period's returns.

        S = (X - m)'(X - m) / (T - 1)

    Args:
        X: (T, n) simple returns, complete.
    Returns:
        Per-period covariance; with T <= n it is singular, and with 2 T <= n kept as F = (X - m)', Omega = I/(T - 1), D = 0.
    """
    T, n = X.shape
    Y = X - X.mean(axis=0)
    if few_rows(X):
        return of_rows(Y, 1.0 / (T - 1), np.zeros(n))
    S = Y.T @ Y
    S /= T - 1
    return sealed(S)
