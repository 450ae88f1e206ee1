"""Means shrunk by a given share, or by as much as James and Stein find right."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.moments import Covariance
from portopt.estimation.expected_returns.bayes_stein import solve
from portopt.estimation.options import Option

TARGET = Option("grand_mean", "what the means are shrunk to", words=("grand_mean", "min_variance", "zero"))
SHRUNK = {"target": TARGET, "intensity": Option(0.5, "share of the target", least=0.0, most=1.0)}
JAMES_STEIN = {"target": TARGET}


def shrunk(mean: Vector, covariance: Covariance, target: str, intensity: float) -> Vector:
    """mu = (1 - k) m + k m0 1,  m0 the grand mean, the minimum-variance portfolio's mean, or zero; per period.

    mean: (n,); the answer too.
    """
    return np.asarray((1.0 - intensity) * mean + intensity * center(mean, covariance, target))


def james_stein(mean: Vector, covariance: Covariance, observations: int, target: str) -> Vector:
    """The positive-part James-Stein estimator for correlated means, per period.

        mu = (1 - k) m + k m0 1,   k = min(1, (tr Sigma - 2 l_1) / (T |m - m0 1|^2)),  not below zero

    Args:
        mean: (n,) historical means m. covariance: Sigma, per period; l_1 is its largest eigenvalue. observations: T.
    Source: Jorion (1986), section II, after James and Stein (1961); as in Feng and Palomar (2016), A signal processing
        perspective on financial engineering, eq. 3.10.
    """
    m0 = center(mean, covariance, target)
    away = float(np.sum((mean - m0) ** 2))
    room = float(covariance.diagonal().sum()) - 2.0 * _largest(covariance)
    intensity = min(1.0, max(0.0, room / (observations * away))) if away > 0.0 else 1.0
    return np.asarray((1.0 - intensity) * mean + intensity * m0)


def center(mean: Vector, covariance: Covariance, target: str) -> float:
    """The value that means are shrunk to. Raises DataError for "min_variance" of a singular covariance.

    mean: (n,) means, of the covariance's own period.
    """
    if target == "zero":
        return 0.0
    if target == "grand_mean":
        return float(mean.mean())
    solved = solve(covariance, np.ones((len(mean), 1)))[:, 0]
    return float(solved @ mean / solved.sum())


def _largest(covariance: Covariance) -> float:
    """The largest eigenvalue; of a factor form by Lanczos from a fixed start, without forming it."""
    n = len(covariance)
    if covariance.Sigma is not None:
        return float(np.linalg.eigvalsh(covariance.Sigma)[-1])
    if n < 32:
        return float(np.linalg.eigvalsh(covariance.dense())[-1])
    from scipy.sparse.linalg import LinearOperator, eigsh

    operator = LinearOperator((n, n), matvec=covariance.times, dtype=np.float64)
    return float(eigsh(operator, k=1, v0=np.ones(n), return_eigenvectors=False)[0])
