"""How unlike two assets are, by name; zero is the same.

    correlation            sqrt((1 - rho) / 2)
    absolute_correlation   sqrt(1 - |rho|)
    squared_correlation    sqrt(1 - rho^2)
    spearman, kendall, absolute_spearman, absolute_kendall: the same of rank correlations, over the scenarios
    distances              the Euclidean distance between two columns of the first: how differently two assets stand to all

The first is what PyPortfolioOpt, skfolio and Riskfolio call the (Pearson) correlation distance. "distances" is what the code
in Lopez de Prado (2016) computes: it hands the square matrix to a routine that takes rows for observations.
"""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix
from portopt.domain.errors import DataError
from portopt.domain.moments import Covariance


def distance_matrix(name: str, covariance: Covariance, scenarios: Matrix | None) -> Matrix:
    """(n, n), symmetric, zero diagonal. scenarios: (T, n) returns for the rank correlations; the others read the covariance."""
    kind = name.removeprefix("absolute_")
    if kind in ("spearman", "kendall"):
        if scenarios is None:
            raise DataError(f"{name} distances need scenarios of returns", field="objective.distance", value=name)
        rho = _spearman(scenarios) if kind == "spearman" else _kendall(scenarios)
    else:
        rho = correlation(covariance)
    if name.startswith("absolute_"):
        squared = 1.0 - np.abs(rho)
    elif name == "squared_correlation":
        squared = 1.0 - rho**2
    else:
        squared = 0.5 * (1.0 - rho)
    d = np.sqrt(np.clip(squared, 0.0, 1.0))
    np.fill_diagonal(d, 0.0)
    return _between_columns(d) if name == "distances" else d


def correlation(covariance: Covariance) -> Matrix:
    """(n, n)"""
    Sigma = covariance.dense()
    sigma = np.sqrt(np.diagonal(Sigma))
    return np.asarray(Sigma / sigma[:, None] / sigma)


def _between_columns(d: Matrix) -> Matrix:
    from scipy.spatial.distance import pdist, squareform

    return np.asarray(squareform(pdist(d)))


def _spearman(R: Matrix) -> Matrix:
    from scipy.stats import rankdata

    return np.asarray(np.corrcoef(rankdata(R, axis=0), rowvar=False)).reshape(R.shape[1], R.shape[1])


def _kendall(R: Matrix) -> Matrix:
    """tau-b, as concordances of all pairs of dates: T^2 n operations a column pair are done as matrix products."""
    T, n = R.shape
    products, ties = np.zeros((n, n)), np.zeros(n)
    for lag in range(1, T):
        signs = np.sign(R[lag:] - R[:-lag])
        products += signs.T @ signs
        ties += (signs == 0.0).sum(axis=0)
    pairs = 0.5 * T * (T - 1) - ties
    return np.asarray(products / np.sqrt(pairs[:, None] * pairs))
