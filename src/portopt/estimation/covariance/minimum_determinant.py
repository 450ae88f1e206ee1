"""Covariance of the half of the days that agree most: a few wild ones cannot bend it."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.errors import DataError
from portopt.domain.moments import Covariance
from portopt.estimation.covariance.forms import sealed
from portopt.estimation.options import Option

OPTIONS = {
    "support": Option(None, "share of days that must agree; None is (T + n + 1) / 2 of T", least=0.5, most=1.0),
    "starts": Option(100, "random starts", least=1, most=10_000, whole=True),
    "seed": Option(0, "of the random starts", least=0, whole=True),
}
KEPT, FIRST_STEPS, MOST_STEPS = 10, 2, 200


def minimum_determinant(X: Matrix, support: float | None, starts: int, seed: int) -> Covariance:
    """Minimum covariance determinant, reweighted.

        H = the h days whose covariance has the least determinant (by concentration steps from random starts)
        S_H scaled by  median_t d_t^2 / chi2_n^-1(1/2),   d_t the distances under it
        Sigma = covariance of the days with d_t^2 <= chi2_n^-1(0.975)

    Every start draws days, not assets, so the order of assets does not matter; the same seed gives the same answer.

    Args:
        X: (T, n) simple returns, complete. support: h / T.
    Raises:
        DataError: fewer than 2 n days, or more than half of them in a plane.
    Source: Rousseeuw and Van Driessen (1999), A fast algorithm for the minimum covariance determinant estimator; the
        reweighting as in scikit-learn's MinCovDet.
    """
    from scipy.stats import chi2

    T, n = X.shape
    h = (T + n + 1) // 2 if support is None else max(int(support * T), n + 1)
    if 2 * n + 2 > T:
        raise _too_few(T, n)
    location, S, _ = best_half(X, min(h, T), starts, seed)
    distances = _distances(X, location, S)
    distances /= float(np.median(distances)) / chi2.ppf(0.5, n)
    good = X[distances < chi2.ppf(0.975, n)]
    Y = good - good.mean(axis=0)
    return sealed(Y.T @ Y / len(good))


def best_half(X: Matrix, h: int, starts: int, seed: int) -> tuple[Vector, Matrix, Indices]:
    """Mean (n,), covariance (n, n) and positions of the h days whose covariance has the least determinant found."""
    T, n = X.shape
    rng = np.random.default_rng(seed)
    found: list[tuple[float, Indices]] = []
    for _ in range(1 if h == T else starts):
        chosen = rng.choice(T, size=min(n + 1, T), replace=False)
        for _ in range(FIRST_STEPS):
            chosen = _concentrated(X, chosen, h)
        found.append((_log_determinant(X[chosen]), chosen))
    found.sort(key=lambda pair: pair[0])
    best, subset = np.inf, found[0][1]
    for value, chosen in found[:KEPT]:
        for _ in range(MOST_STEPS):
            chosen = _concentrated(X, chosen, h)
            after = _log_determinant(X[chosen])
            if not after < value:
                break
            value = after
        if value < best:
            best, subset = value, chosen
    if best == -np.inf:
        raise DataError(
            "more than half of the days lie in one plane: an asset never moves there, copies others, "
            "or its missing returns were filled",
            field="estimation.covariance",
            fixes=["choose the covariance 'ledoit_wolf'", "take assets with a short or broken history out of the universe"],
        )
    half = X[subset]
    return half.mean(axis=0), np.cov(half.T, ddof=0).reshape(n, n), np.sort(subset)


def _concentrated(X: Matrix, chosen: Indices, h: int) -> Indices:
    """The h days nearest to the mean of the chosen ones, in their own distances: the determinant cannot rise."""
    part = X[chosen]
    Y = part - part.mean(axis=0)
    distances = _distances(X, part.mean(axis=0), Y.T @ Y / len(part))
    return np.asarray(np.argpartition(distances, h - 1)[:h])


def _distances(X: Matrix, location: Vector, S: Matrix) -> Vector:
    """(T,) squared Mahalanobis distances; with the least-norm inverse where S is singular."""
    Y = X - location
    try:
        factor = np.linalg.cholesky(S)
        if float(np.diagonal(factor).min()) ** 2 > 1e-14 * float(np.diagonal(S).max()):
            return np.asarray((np.linalg.solve(factor, Y.T) ** 2).sum(axis=0))
    except np.linalg.LinAlgError:
        pass  # singular: the pseudo-inverse below is the answer, not a second try
    return np.asarray(np.einsum("ti,ij,tj->t", Y, np.linalg.pinv(S, hermitian=True), Y))


def _log_determinant(half: Matrix) -> float:
    """log det of the covariance of these days; minus infinity where they lie in a plane."""
    Y = half - half.mean(axis=0)
    S = Y.T @ Y / len(half)
    sign, value = np.linalg.slogdet(S)
    scale = float(np.log(np.maximum(np.diagonal(S), 1e-300)).sum())
    return float(value) if sign > 0.0 and value > scale - 30.0 * len(S) else -np.inf


def _too_few(T: int, n: int) -> DataError:
    return DataError(
        f"the minimum covariance determinant needs more than twice as many returns as assets: {T} for {n}",
        field="estimation.covariance",
        measured={"observations": T, "assets": n},
        fixes=["choose the covariance 'ledoit_wolf' or 'gerber'", "lengthen estimation.lookback"],
    )
