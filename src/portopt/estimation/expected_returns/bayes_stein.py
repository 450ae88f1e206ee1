"""Means pulled together: single means are noise, so all are shrunk toward one value, as far as the noise goes."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import DataError
from portopt.domain.moments import Covariance
from portopt.estimation.options import Option

OPTIONS = {
    "target": Option("min_variance", "what the means are shrunk to", words=("min_variance", "grand_mean")),
}


def bayes_stein(mean: Vector, covariance: Covariance, observations: int, target: str) -> Vector:
    """Bayes-Stein means, per period.

        mu  = (1 - phi) m + phi m0 1
        m0  = 1'Sigma^-1 m / 1'Sigma^-1 1  (the minimum-variance portfolio's mean), or the grand mean of m
        phi = (n + 2) / (n + 2 + T (m - m0 1)' Sigma^-1 (m - m0 1))

    Args:
        mean: (n,) historical means m. covariance: Sigma, per period, not singular. observations: T.
    Raises:
        DataError: a singular covariance; a shrunk or factor covariance never is.
    Source: Jorion (1986), Bayes-Stein estimation for portfolio analysis, J. Financial and Quantitative Analysis 21,
        eq. 14 and 17; Sigma is the chosen estimate.
    """
    n = len(mean)
    solved = solve(covariance, np.stack([np.ones(n), mean], axis=1))
    m0 = float(solved[:, 1].sum() / solved[:, 0].sum()) if target == "min_variance" else float(mean.mean())
    away = mean - m0
    distance = float(away @ (solved[:, 1] - m0 * solved[:, 0]))
    phi = (n + 2) / (n + 2 + observations * max(distance, 0.0))
    return np.asarray((1.0 - phi) * mean + phi * m0)


def solve(covariance: Covariance, B: Matrix) -> Matrix:
    """Sigma^-1 B; by Woodbury's identity where Sigma is in factor form, without forming it.

    B: (n, k); the answer too. Raises DataError for a covariance that is singular.
    """
    from scipy.linalg import cho_factor, cho_solve

    scale = float(covariance.diagonal().mean())
    try:
        if covariance.Sigma is not None:
            factor = cho_factor(covariance.Sigma, check_finite=False)
            if float(np.diagonal(factor[0]).min()) ** 2 < 1e-12 * scale:
                raise _singular()
            return np.asarray(cho_solve(factor, B, check_finite=False))
        F, Omega, D = covariance.factors()
        if float(D.min()) < 1e-12 * scale:
            raise _singular()
        keep = np.diagonal(Omega) > 0.0  # Omega is diagonal in every estimator of this package
        F, weights = F[:, keep], np.diagonal(Omega)[keep]
        inner = np.diag(1.0 / weights) + F.T @ (F / D[:, None])
        direct = B / D[:, None]
        return np.asarray(direct - (F @ cho_solve(cho_factor(inner), F.T @ direct)) / D[:, None])
    except np.linalg.LinAlgError as error:
        raise _singular() from error


def _singular() -> DataError:
    return DataError(
        "bayes_stein needs a covariance that is not singular: too few observations for so many assets",
        field="estimation.covariance",
        fixes=["choose the covariance 'ledoit_wolf', 'oas' or 'factor'"],
    )
