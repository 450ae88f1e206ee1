"""Exponentially weighted covariance: yesterday counts more than last year."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.moments import Covariance
from portopt.estimation.covariance.forms import few_rows, of_rows, sealed
from portopt.estimation.options import Option

OPTIONS = {"half_life": Option(126.0, "periods after which an observation counts half", least=1.0)}


def decay(T: int, half_life: float) -> Vector:
    """(T,) weights adding to one, oldest first, halving every `half_life` periods."""
    weights = 0.5 ** (np.arange(T - 1, -1, -1) / half_life)
    return np.asarray(weights / weights.sum())


def ewma(X: Matrix, half_life: float) -> Covariance:
    """Exponentially weighted covariance, corrected for the bias of the weighted mean.

        S = sum_t a_t (x_t - m)(x_t - m)' / (1 - sum_t a_t^2),   m = sum_t a_t x_t,   a_t halving every half_life

    Args:
        X: (T, n) simple returns, complete.
    Source: J.P. Morgan/Reuters, RiskMetrics technical document (1996); with the bias correction of pandas' ewm.cov.
    """
    T, n = X.shape
    a = decay(T, half_life)
    Y = np.sqrt(a)[:, None] * (X - a @ X)
    scale = 1.0 / (1.0 - float(a @ a))
    if few_rows(X):
        return of_rows(Y, scale, np.zeros(n))
    S = Y.T @ Y
    S *= scale
    return sealed(S)
