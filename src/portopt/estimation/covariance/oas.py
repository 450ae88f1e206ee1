"""Oracle approximating shrinkage: linear shrinkage to the scaled identity for Gaussian returns."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix
from portopt.domain.moments import Covariance
from portopt.estimation.covariance.forms import few_rows, of_rows, shrunk


def oas(X: Matrix) -> Covariance:
    """Shrinkage whose intensity is the fixed point of the oracle's, assuming Gaussian returns.

        Sigma = (1 - rho) S + rho m I,   S = Y'Y / T,   m = tr(S) / n,   Y = X - mean
        rho   = min(1, (||S||^2 / n^2 + m^2) / ((T + 1) (||S||^2 / n^2 - m^2 / n)))

    Args:
        X: (T, n) simple returns, complete.
    Source: Chen, Wiesel, Eldar and Hero (2010), Shrinkage algorithms for MMSE covariance estimation, IEEE Transactions on
        Signal Processing 58, eq. 23 without its 2/n terms: the variant for large n that scikit-learn's OAS computes.
    """
    T, n = X.shape
    Y = X - X.mean(axis=0)
    m = float(np.vdot(Y, Y)) / (T * n)
    small = few_rows(X)
    TS = (Y @ Y.T) if small else (Y.T @ Y)
    mean_square = float(np.vdot(TS, TS)) / (T * T) / (n * n)
    spread = (T + 1.0) * (mean_square - m * m / n)
    rho = min(1.0, (mean_square + m * m) / spread) if spread > 0.0 else 1.0
    if small:
        return of_rows(Y, (1.0 - rho) / T, np.full(n, rho * m))
    return shrunk(TS, (1.0 - rho) / T, rho * m)
