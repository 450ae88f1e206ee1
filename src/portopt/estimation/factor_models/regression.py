"""Least squares of many assets on the same regressors at once, with standard errors; the algebra of every factor model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.errors import DataError

CHUNK = 256  # assets at a time: one block of residuals stays in the cache
COLLINEAR = 1e-10  # a regressor of which the others leave less than this share


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """coefficients, errors: (K + 1, n), the constant first. residuals: (T, n), NaN where the return was missing."""

    coefficients: Matrix
    errors: Matrix
    residuals: Matrix


def automatic_lags(T: int) -> int:
    """floor(4 (T/100)^(2/9)), the usual choice for the Bartlett kernel. Source: Newey and West (1994)."""
    return min(int(4.0 * (T / 100.0) ** (2.0 / 9.0)), max(T - 1, 0))


def date_weights(T: int, half_life: float | None) -> Vector:
    """(T,) weights of the dates, adding to one; the newest counts twice as much as the one `half_life` periods earlier."""
    if half_life is None:
        return np.full(T, 1.0 / T)
    p = np.exp2(-np.arange(T - 1, -1, -1.0) / half_life)
    return np.asarray(p / p.sum())


def regress(Y: Matrix, F: Matrix, p: Vector, lags: int | None, names: tuple[str, ...]) -> Fit:
    """Y_i = a_i + F b_i + e_i by least squares weighted with p, every asset on the dates on which it has a return.

        [a b]' = (X'PX)^-1 X'P Y_i,   X = [1 F],   P = diag(p)

    Standard errors, with u_t = (X'PX)^-1 x_t p_t e_t for one coefficient:

        classical (lags None):  s^2 (X'WX)^-1,  W = T P,  s^2 = e'We / (T - K - 1)
        Newey and West (1987):  sum_t u_t^2 + 2 sum_{l<=lags} (1 - l/(lags+1)) sum_t u_t u_{t-l}

    Args:
        Y: (T, n), NaN where missing. F: (T, K). p: (T,) positive. names: of the factors, for messages.
    Raises DataError for factors that say the same, or for fewer dates than regressors.
    """
    T, n = Y.shape
    K = F.shape[1]
    coefficients, errors = np.empty((K + 1, n)), np.empty((K + 1, n))
    residuals = np.empty((T, n))
    for rows, columns in patterns(Y):
        X = np.column_stack([np.ones(len(rows)), F[rows]])
        a, inverse = _pseudo_inverse(X, p[rows] / p[rows].sum(), names)
        weights = p[rows] / p[rows].mean()
        for first in range(0, len(columns), CHUNK):
            at = columns[first : first + CHUNK]
            y = block(Y, rows, at)
            c = a @ y
            e = y - X @ c
            coefficients[:, at] = c
            errors[:, at] = _classical(e, weights, inverse, K) if lags is None else _newey_west(a, e, lags)
            if len(rows) == T:
                residuals[:, at] = e
            else:
                residuals[:, at] = np.nan
                residuals[np.ix_(rows, at)] = e
    return Fit(coefficients, errors, residuals)


def patterns(Y: Matrix) -> list[tuple[Indices, Indices]]:
    """(dates, assets) blocks of complete returns: assets that miss the same dates are together."""
    missing = np.isnan(Y)
    if not missing.any():
        return [(np.arange(Y.shape[0]), np.arange(Y.shape[1]))]
    packed = np.packbits(missing, axis=0)
    _, kind = np.unique(packed, axis=1, return_inverse=True)
    kind = np.asarray(kind).ravel()
    blocks = []
    for which in range(int(kind.max()) + 1):
        columns = np.flatnonzero(kind == which)
        blocks.append((np.flatnonzero(~missing[:, columns[0]]), columns))
    return blocks


def newey_west_of_mean(F: Matrix, p: Vector, lags: int | None) -> Vector:
    """(K,) standard errors of the weighted means of F (T, K); lags None takes the dates as independent."""
    T = len(F)
    e = F - p @ F
    if lags is None:
        return np.asarray(np.sqrt((p * p) @ (e * e) * T / max(T - 1, 1)))
    return np.asarray(_newey_west(p[None, :], e, lags)[0])


def weighted_covariance(F: Matrix, p: Vector) -> Matrix:
    """(K, K) unbiased for equal weights: sum p (f - mean)(f - mean)' / (1 - sum p^2)."""
    centred = F - p @ F
    return np.asarray((centred * p[:, None]).T @ centred / (1.0 - float(p @ p)))


def means_and_variances(Y: Matrix, p: Vector) -> tuple[Vector, Vector]:
    """(n,) weighted means and (n,) sum p (y - mean)^2 / (1 - sum p^2), every asset over the dates it has.

    Of residuals, with equal weights, this is RSS / (T - 1) and not RSS / (T - K - 1): what sampling error adds to b'Omega b
    is what this lacks, so that the model's variance of an asset is its sample variance.
    """
    means, variances = np.empty(Y.shape[1]), np.empty(Y.shape[1])
    for rows, columns in patterns(Y):
        q = p[rows] / p[rows].sum()
        for first in range(0, len(columns), CHUNK):
            at = columns[first : first + CHUNK]
            y = block(Y, rows, at)
            mean = q @ y
            y = y - mean
            means[at], variances[at] = mean, (q @ (y * y)) / (1.0 - float(q @ q))
    return means, variances


def block(Y: Matrix, rows: Indices, columns: Indices) -> Matrix:
    """Y on these rows and ascending columns, without a copy where they are all of the rows and neighbours.

    Y: (T, n). rows: (t,), columns: (k,) positions; the answer is (t, k).
    """
    if len(rows) < len(Y):
        return np.asarray(Y[np.ix_(rows, columns)])
    first, last = int(columns[0]), int(columns[-1])
    return Y[:, first : last + 1] if last - first + 1 == len(columns) else Y[:, columns]


def _pseudo_inverse(X: Matrix, p: Vector, names: tuple[str, ...]) -> tuple[Matrix, Matrix]:
    """(X'PX)^-1 X'P (K + 1, T) and (X'WX)^-1 (K + 1, K + 1), W of mean one; by QR of the weighted rows."""
    T, K = len(X), X.shape[1] - 1
    if T < K + 2:
        raise DataError(
            f"{T} dates for {K} factors and a constant; at least {K + 2} are needed",
            field="factors",
            measured={"dates": T, "factors": K},
            fixes=["use fewer factors or a longer history"],
        )
    root = np.sqrt(p)
    Q, R = np.linalg.qr(X * root[:, None])
    size = np.abs(np.diagonal(R)) / np.maximum(np.linalg.norm(R, axis=0), np.finfo(float).tiny)
    if size.min() ** 2 < COLLINEAR:
        bad = int(np.argmin(size))
        which = names[bad - 1] if bad else "the constant"
        raise DataError(
            f"factor {which} is a combination of the others and the constant: exposures to it cannot be measured",
            field="factors.names",
            value=which,
            fixes=[f"leave {which} out"],
        )
    inverse_R = np.linalg.solve(R, np.eye(K + 1))
    return inverse_R @ (Q * root[:, None]).T, inverse_R @ inverse_R.T / T


def _classical(e: Matrix, weights: Vector, inverse: Matrix, K: int) -> Matrix:
    s2 = np.einsum("ti,t,ti->i", e, weights, e) / (len(e) - K - 1)
    return np.asarray(np.sqrt(np.diagonal(inverse)[:, None] * s2))


def _newey_west(a: Matrix, e: Matrix, lags: int) -> Matrix:
    """(k, n) square roots of the long-run variances of a_t e_t, summed over t.  a: (k, T); e: (T, n)."""
    variance = (a * a) @ (e * e)
    for lag in range(1, min(lags, len(e) - 1) + 1):
        variance += 2.0 * (1.0 - lag / (lags + 1.0)) * ((a[:, lag:] * a[:, :-lag]) @ (e[lag:] * e[:-lag]))
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))
