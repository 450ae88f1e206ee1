"""Statistical factor model: a few principal components, and what each asset does alone."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.moments import Covariance
from portopt.estimation.options import Option

OPTIONS = {
    "factors": Option(None, "how many; None counts eigenvalues above the Marchenko-Pastur edge", least=1, whole=True),
}


def factor(X: Matrix, factors: int | None) -> Covariance:
    """Covariance F Omega F' + D by principal components of the correlation matrix.

        Z = (X - mean) / s,   C = Z'Z / (T - 1) = V Lambda V'
        F = diag(s) V_k,   Omega = Lambda_k,   D = diag(S) - diag(F Omega F')

    The diagonal is the sample's own; off it only the k common components remain. The decomposition is taken on the
    smaller side (T by T or n by n), so 10,000 assets never meet as an n by n matrix.

    Args:
        X: (T, n) simple returns, complete. factors: k; None counts the eigenvalues of C that noise alone would not
        reach, those above (1 + sqrt(n/T))^2, at least one.
    Source: Connor and Korajczyk (1988) for components as factors; Marchenko and Pastur (1967) and Laloux et al. (1999)
        for the edge.
    """
    T, _ = X.shape
    Y = X - X.mean(axis=0)
    s = np.sqrt(np.einsum("ti,ti->i", Y, Y) / (T - 1))
    Z = Y * (1.0 / np.where(s > 0.0, s, 1.0))
    values, V = leading_components(Z, factors)
    F = s[:, None] * V
    common = np.einsum("ik,k,ik->i", F, values, F)
    return Covariance(F=F, Omega=np.diag(values), D=np.maximum(s * s - common, 0.0))


def leading_components(Z: Matrix, factors: int | None) -> tuple[Vector, Matrix]:
    """Largest eigenvalues (k,), descending, and eigenvectors (n, k) of Z'Z / (T - 1), by the smaller of the two Grams."""
    from scipy.linalg import eigh

    T, n = Z.shape
    wide = n > T
    gram = (Z @ Z.T if wide else Z.T @ Z) / (T - 1)
    size = gram.shape[0]
    most = min(T - 1, n)
    if factors is None:
        edge = (1.0 + np.sqrt(n / T)) ** 2
        values, vectors = eigh(gram, subset_by_value=(edge, np.inf), driver="evr", check_finite=False)
    if factors is not None or len(values) == 0:
        k = min(factors or 1, most)
        values, vectors = eigh(gram, subset_by_index=(size - k, size - 1), driver="evr", check_finite=False)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    if wide:
        vectors = Z.T @ (vectors / np.sqrt(np.where(values > 0.0, values, 1.0) * (T - 1)))
    # A component's sign is arbitrary; fixed, so that the same returns give the same bytes everywhere.
    signs = np.sign(vectors[np.argmax(np.abs(vectors), axis=0), np.arange(vectors.shape[1])])
    return np.asarray(values), np.asarray(vectors * np.where(signs == 0.0, 1.0, signs))
