"""Covariances of means of series that depend on themselves through time."""

from __future__ import annotations

import math

import numpy as np

from portopt.domain.arrays import Matrix


def automatic_lag(T: int) -> int:
    """floor(4 (T/100)^(2/9)), and less than T. Source: Newey and West (1994), for the Bartlett kernel."""
    return min(int(4.0 * math.pow(T / 100.0, 2.0 / 9.0)), T - 1)


def long_run_covariance(X: Matrix, lag: int | None = None) -> Matrix:
    """(k, k) covariance of sqrt(T) times the mean of X (T, k): Bartlett's kernel, never negative.

        Psi = G_0 + sum_{j=1..L} (1 - j/(L+1)) (G_j + G_j'),   G_j = (1/T) sum_t x_t x_{t-j}'  of centred x

    lag: L, None for the automatic one. Source: Newey and West (1987).
    """
    T = len(X)
    D = X - X.mean(axis=0)
    L = automatic_lag(T) if lag is None else lag
    Psi = D.T @ D / T
    for j in range(1, L + 1):
        G = D[j:].T @ D[:-j] / T
        Psi += (1.0 - j / (L + 1.0)) * (G + G.T)
    return np.asarray(Psi)
