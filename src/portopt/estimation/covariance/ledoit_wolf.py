"""Linear shrinkage, with the intensity that Ledoit and Wolf proved optimal; by itself to the scaled identity."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix
from portopt.domain.moments import Covariance
from portopt.estimation.covariance.forms import few_rows, of_rows, shrunk
from portopt.estimation.covariance.shrinkage_targets import shrunk_to_constant_correlation, shrunk_to_single_factor
from portopt.estimation.options import Option

OPTIONS = {
    "target": Option("identity", "what the sample is shrunk to", words=("identity", "constant_correlation", "single_factor")),
}


def shrunk_to(X: Matrix, target: str) -> Covariance:
    """Ledoit and Wolf's estimate with the target of that name: see `ledoit_wolf` and shrinkage_targets.py.

    X: (T, n) periodic returns; the covariance is per period.
    """
    if target == "constant_correlation":
        return shrunk_to_constant_correlation(X)
    return shrunk_to_single_factor(X) if target == "single_factor" else ledoit_wolf(X)


def ledoit_wolf(X: Matrix) -> Covariance:
    """Well-conditioned covariance for many assets and few observations.

        Sigma = (1 - rho) S + rho m I,   S = Y'Y / T,   m = tr(S) / n,   Y = X - mean
        rho   = min(b, d) / d,   d = ||S||^2 - n m^2,   b = (sum_t |y_t|^4 / T - ||S||^2) / T

    The textbook's b, a sum over all n^2 entries of (Y*Y)'(Y*Y), is the sum of the squared row norms: so one matrix
    product, and passes over it, are all the work. With 2 T <= n the product is Y Y' and S is never formed.

    Args:
        X: (T, n) simple returns, complete.
    Source: Ledoit and Wolf (2004), A well-conditioned estimator for large-dimensional covariance matrices,
        J. Multivariate Analysis 88. The definition is scikit-learn's LedoitWolf.
    """
    T, n = X.shape
    Y = X - X.mean(axis=0)
    row_norms = np.einsum("ti,ti->t", Y, Y)
    m = float(row_norms.sum()) / (T * n)
    small = few_rows(X)
    TS = (Y @ Y.T) if small else (Y.T @ Y)
    norm = float(np.vdot(TS, TS)) / (T * T)  # Y Y' and Y'Y share their nonzero eigenvalues, hence their norm
    d = norm - n * m * m
    b = (float(row_norms @ row_norms) / T - norm) / T
    rho = min(b, d) / d if d > 0.0 and b > 0.0 else 0.0
    if small:
        return of_rows(Y, (1.0 - rho) / T, np.full(n, rho * m))
    return shrunk(TS, (1.0 - rho) / T, rho * m)
