"""Correlations freed of what noise alone would show: random matrix theory tells one from the other."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.moments import Covariance
from portopt.estimation.covariance.forms import sealed
from portopt.estimation.options import Option

OPTIONS = {
    "method": Option(
        "constant_residual", "what becomes of noise eigenvalues", words=("constant_residual", "targeted_shrinkage")
    ),
    "alpha": Option(0.0, "share of the noise that targeted shrinkage keeps off the diagonal", least=0.0, most=1.0),
    "factors": Option(None, "how many eigenvalues are signal; None counts those above the noise edge", least=1, whole=True),
}


def denoised(X: Matrix, method: str, alpha: float, factors: int | None) -> Covariance:
    """Covariance whose noise eigenvalues are flattened.

        C = V Lambda V' of the sample correlation; the k eigenvalues above the edge are signal
        constant_residual:   C1 = V_k Lambda_k V_k' + l (I - V_k V_k'),  l = mean of the others;  C2 = C1, diagonal to one
        targeted_shrinkage:  C2 = V_k Lambda_k V_k' + alpha N + (1 - alpha) diag(N),  N = what is left of C
        Sigma = diag(s) C2 diag(s)

    In factor form but for targeted shrinkage with alpha > 0 of no more assets than observations.

    Args:
        X: (T, n) simple returns, complete.
    Source: Laloux, Cizeau, Bouchaud and Potters (1999), Noise dressing of financial correlation matrices; Lopez de Prado
        (2020), Machine learning for asset managers, chapter 2.
    """
    T, n = X.shape
    Y = X - X.mean(axis=0)
    s = np.sqrt(np.einsum("ti,ti->i", Y, Y) / (T - 1))
    Z = Y / np.where(s > 0.0, s, 1.0)
    values, V = _components(Z)
    k = min(factors, len(values)) if factors is not None else max(1, int(np.count_nonzero(values > noise_edge(values, T, n))))
    signal, Vk = values[:k], V[:, :k]
    if method == "constant_residual":
        level = max(n - float(signal.sum()), 0.0) / max(n - k, 1)
        lift = np.maximum(signal - level, 0.0)
        scale = s / np.sqrt(np.einsum("ik,k,ik->i", Vk, lift, Vk) + level)
        return Covariance(F=scale[:, None] * Vk, Omega=np.diag(lift), D=level * scale**2)
    left = np.maximum((s > 0.0) - np.einsum("ik,k,ik->i", Vk, signal, Vk), 0.0)
    if alpha == 0.0 or n > T:
        kept = np.where(np.arange(len(values)) < k, values, alpha * values)
        some = slice(None) if alpha > 0.0 else slice(k)
        return Covariance(F=s[:, None] * V[:, some], Omega=np.diag(kept[some]), D=(1.0 - alpha) * left * s**2)
    C = alpha * (Z.T @ Z) / (T - 1) + (1.0 - alpha) * (Vk * signal) @ Vk.T
    C.ravel()[:: n + 1] += (1.0 - alpha) * left
    return sealed(C * np.outer(s, s))


def noise_edge(values: Vector, T: int, n: int) -> float:
    """Largest eigenvalue that noise of the noise's own variance would show.

        edge = v (1 + sqrt(n/T))^2,   v = mean of the eigenvalues not above the edge, found together

    Source: Marchenko and Pastur (1967); the noise's variance as in Laloux et al. (1999): one less what is signal.

    values: (n,) eigenvalues of a correlation of n assets over T observations.
    """
    total, width = float(values.sum()), float(1.0 + np.sqrt(n / T)) ** 2
    edge = np.inf
    for _ in range(len(values) + 1):
        above = values > edge
        lower = width * (total - float(values[above].sum())) / max(n - int(above.sum()), 1)
        if lower >= edge:
            break
        edge = lower
    return float(edge)


def _components(Z: Matrix) -> tuple[Vector, Matrix]:
    """Every nonzero eigenvalue, descending, and its eigenvector (n, m) of Z'Z / (T - 1), by the smaller Gram; signs fixed."""
    T, n = Z.shape
    wide = n > T
    values, vectors = np.linalg.eigh((Z @ Z.T if wide else Z.T @ Z) / (T - 1))
    keep = slice(None, 0, -1) if wide else slice(None, None, -1)  # a demeaned sample has one zero eigenvalue of T
    values, vectors = np.maximum(values[keep], 0.0), vectors[:, keep]
    if wide:
        vectors = Z.T @ (vectors / np.sqrt(np.where(values > 0.0, values, 1.0) * (T - 1)))
    signs = np.sign(vectors[np.argmax(np.abs(vectors), axis=0), np.arange(vectors.shape[1])])
    return values, vectors * np.where(signs == 0.0, 1.0, signs)
