"""Ledoit and Wolf's shrinkage to targets with structure: one correlation for all, or one factor."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.moments import Covariance
from portopt.estimation.covariance.forms import few_rows, sealed

# With y_t the demeaned returns, S = Y'Y / T, s_i^2 = S_ii and E the average over t, every sum over pairs that the papers
# write with n x n matrices is an average over days of products of three or four sums over assets. What is left is one
# matrix product, for S itself (or for Y Y', which has the same norm, where there are few observations).


def shrunk_to_constant_correlation(X: Matrix) -> Covariance:
    """Sigma = (1 - d) S + d F,  F_ij = r s_i s_j,  F_ii = S_ii,  r = the mean correlation.

        d = min(1, max(0, (pi - rho) / (T gamma)))
        pi    = E|y|^4 - ||S||^2
        rho   = p + r (E[a b] - E[b^2] - p),   a = sum_i y_i^3 / s_i,   b = sum_i y_i s_i,   p = sum_i (E y_i^4 - S_ii^2)
        gamma = ||S - F||^2

    Args:
        X: (T, n) simple returns, complete.
    Source: Ledoit and Wolf (2004), Honey, I shrunk the sample covariance matrix, J. Portfolio Management 30, appendix.
    """
    n = X.shape[1]
    Y, variances, norm, product = _moments(X)
    T = len(Y)
    s = np.sqrt(variances)
    inverse = 1.0 / np.where(s > 0.0, s, 1.0)
    live = int(np.count_nonzero(s))
    together = Y @ inverse
    r = (float(together @ together) / T - live) / max(live * (live - 1), 1)
    b = Y @ s
    bb, squares = float(b @ b) / T, float(variances @ variances)
    Y2 = Y * Y
    p = float(np.vdot(Y2, Y2)) / T - squares
    a = np.einsum("ti,ti,i->t", Y2, Y, inverse)
    rho = p + r * (float(a @ b) / T - bb - p)
    gamma = norm - squares - 2.0 * r * (bb - squares) + r * r * (float(variances.sum()) ** 2 - squares)
    d = _intensity(Y, norm, rho, gamma)
    return _mixed(Y, product, d, s, r, variances, n)


def shrunk_to_single_factor(X: Matrix) -> Covariance:
    """Sigma = (1 - d) S + d F,  F_ij = b_i b_j / v,  F_ii = S_ii:  the market model of the equally weighted portfolio x.

        b = E[y x],  v = E[x^2],  g = b'y,  d as for the constant correlation, with
        rho = p + 2 (E[|y|^2 x g] - E[g^2] - diagonal) / v - (E[g^2 x^2] - v E[g^2] - diagonal) / v^2

    Args:
        X: (T, n) simple returns, complete.
    Source: Ledoit and Wolf (2003), Improved estimation of the covariance matrix of stock returns with an application to
        portfolio selection, J. Empirical Finance 10.
    """
    n = X.shape[1]
    Y, variances, norm, product = _moments(X)
    T = len(Y)
    x = Y.mean(axis=1)
    v = float(x @ x) / T
    if v <= 0.0:
        return _mixed(Y, product, 0.0, np.zeros(n), 0.0, variances, n)
    b = Y.T @ x / T
    g = Y @ b
    gg, squares, bb = float(g @ g) / T, float(variances @ variances), float(b @ b)
    Y2 = Y * Y
    p = float(np.vdot(Y2, Y2)) / T - squares
    own_one = float(np.einsum("ti,ti,i->t", Y2, Y, b) @ x) / T - float((b * variances) @ b)
    one = float((Y2.sum(axis=1) * x) @ g) / T - gg - own_one
    own_three = float((Y2.T @ (x * x) / T - v * variances) @ b**2)
    three = float((g * g) @ (x * x)) / T - v * gg - own_three
    rho = p + 2.0 * one / v - three / (v * v)
    cross = gg - float(variances @ b**2)
    gamma = norm - squares - 2.0 / v * cross + (bb * bb - float((b**4).sum())) / (v * v)
    return _mixed(Y, product, _intensity(Y, norm, rho, gamma), b, 1.0 / v, variances, n)


def _moments(X: Matrix) -> tuple[Matrix, Vector, float, Matrix | None]:
    """Y, (n,) variances, ||S||^2 and S; None for S where few observations make it the dearer Gram."""
    Y = X - X.mean(axis=0)
    T = len(Y)
    variances = np.einsum("ti,ti->i", Y, Y) / T
    if few_rows(X):
        gram = Y @ Y.T
        return Y, variances, float(np.vdot(gram, gram)) / (T * T), None
    S = Y.T @ Y
    S /= T
    return Y, variances, float(np.vdot(S, S)), S


def _intensity(Y: Matrix, norm: float, rho: float, gamma: float) -> float:
    T = len(Y)
    rows = np.einsum("ti,ti->t", Y, Y)
    pi = float(rows @ rows) / T - norm
    return min(1.0, max(0.0, (pi - rho) / (T * gamma))) if gamma > 1e-12 * norm else 1.0


def _mixed(Y: Matrix, S: Matrix | None, d: float, u: Vector, c: float, variances: Vector, n: int) -> Covariance:
    """(1 - d) S + d F with F = c u u' off the diagonal; with S as its observations where it was not formed and c allows."""
    T = len(Y)
    if S is None and c >= 0.0:
        Omega = np.diag(np.append(np.full(T, (1.0 - d) / T), d * c))
        return Covariance(F=np.column_stack([Y.T, u]), Omega=Omega, D=np.maximum(d * (variances - c * u * u), 0.0))
    Sigma = (Y.T @ Y) / T if S is None else S
    Sigma *= 1.0 - d
    Sigma += np.outer((d * c) * u, u)
    Sigma.ravel()[:: n + 1] = variances
    return sealed(Sigma)
