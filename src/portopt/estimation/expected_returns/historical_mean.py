"""The arithmetic mean of what was."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix, Vector


def historical_mean(X: Matrix) -> Vector:
    """m = sum_t x_t / T, per period. X (T, n) simple returns, complete.

    >>> historical_mean(np.array([[0.01, 0.00], [0.03, 0.02]]))
    array([0.02, 0.01])
    """
    return np.asarray(X.mean(axis=0))
