"""Every eigenvalue shrunk by its own amount, in closed form."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import DataError
from portopt.domain.moments import Covariance
from portopt.estimation.covariance.forms import sealed

ROOT5 = np.sqrt(5.0)


def nonlinear_shrinkage(X: Matrix) -> Covariance:
    """Sigma = V diag(d) V': the sample's eigenvectors with the eigenvalues that lose least, asymptotically.

        d_i = l_i / ((pi c l_i f(l_i))^2 + (1 - c - pi c l_i H(l_i))^2),   c = n / T

    f: Epanechnikov kernel estimate of the density of sample eigenvalues l, with bandwidths l_j T^(-1/3); H: its Hilbert
    transform. With more assets than observations the zero eigenvalues share one value (the paper's eq. C.1).

    Args:
        X: (T, n) simple returns, complete; T counts one less for the mean.
    Raises:
        DataError: fewer than 13 observations.
    Source: Ledoit and Wolf (2020), Analytical nonlinear shrinkage of large-dimensional covariance matrices, Annals of
        Statistics 48, eq. 4.7 to 4.9.
    """
    T, n = X.shape[0] - 1, X.shape[1]
    if T < 12:
        raise DataError(f"nonlinear shrinkage needs at least 13 returns: there are {T + 1}", field="estimation.covariance")
    Y = X - X.mean(axis=0)
    if n <= T:
        values, V = np.linalg.eigh(Y.T @ Y / T)
        values = np.maximum(values, 1e-14 * float(values[-1]))
        return sealed((V * shrunk_eigenvalues(values, T, n)) @ V.T)
    gram, U = np.linalg.eigh(Y @ Y.T / T)
    values, U = gram[1:], U[:, 1:]  # the mean takes one dimension
    V = Y.T @ (U / np.sqrt(values * T))
    rest, d = _of_wide(values, T, n)
    if float(d.min()) >= rest:
        return Covariance(F=V, Omega=np.diag(d - rest), D=np.full(n, rest))
    Sigma = (V * (d - rest)) @ V.T
    Sigma.ravel()[:: n + 1] += rest
    return sealed(Sigma)


def shrunk_eigenvalues(values: Vector, T: int, n: int) -> Vector:
    """(n,) d for eigenvalues l > 0, n <= T."""
    c = n / T
    f, H = density(values, values, T)
    return np.asarray(values / ((np.pi * c * values * f) ** 2 + (1.0 - c - np.pi * c * values * H) ** 2))


def density(at: Vector, values: Vector, T: int) -> tuple[Vector, Vector]:
    """f and H at points `at`: the Epanechnikov kernel (its support of half-width sqrt 5) and its Hilbert transform.

    at: (m,) points. values: (k,) eigenvalues that the kernels stand on. T: observations. Both answers are (m,).
    """
    h = values * T ** (-1.0 / 3.0)
    x = (at[:, None] - values) / h
    inside = np.maximum(1.0 - x * x / 5.0, 0.0)
    f = (3.0 / (4.0 * ROOT5)) * (inside / h).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        bend = (1.0 - x * x / 5.0) * np.log(np.abs((ROOT5 - x) / (ROOT5 + x)))
    bend = np.where(np.isfinite(bend), bend, 0.0)
    H = ((-3.0 / (10.0 * np.pi) * x + 3.0 / (4.0 * ROOT5 * np.pi) * bend) / h).mean(axis=1)
    return f, H


def _of_wide(values: Vector, T: int, n: int) -> tuple[float, Vector]:
    """d for the n - T zero eigenvalues and for the T others, n > T."""
    h = T ** (-1.0 / 3.0)
    f, H = density(values, values, T)
    d = values / (np.pi**2 * values**2 * (f**2 + H**2))
    curve = 3.0 / (10.0 * h * h) + 3.0 / (4.0 * ROOT5 * h) * (1.0 - 1.0 / (5.0 * h * h)) * np.log(
        (1.0 + ROOT5 * h) / (1.0 - ROOT5 * h)
    )
    at_zero = curve / np.pi * float((1.0 / values).mean())
    return float(1.0 / (np.pi * (n - T) / T * at_zero)), np.asarray(d)
