"""A matrix as a diagonal and a remainder of few columns, both positive semidefinite.

    M = diag(d) + R R' + what is too small to count

The d of the largest sum is found by Newton's method on  t sum(d) + log det(M - diag(d)),  t growing. Of a covariance of
factors this finds the specific variances, and R as many columns as there are factors: where R is as wide as the matrix, a
linear program around it is as dense.
Source: Frangioni and Gentile (2007), SDP diagonalizations and perspective cuts; Shapiro (1982) for the largest diagonal;
Vandenberghe and Boyd (1996), Semidefinite programming, for the steps.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from portopt.domain.arrays import Indices, Mask, Matrix, Vector

NEGLIGIBLE = 1e-13
SINGULAR = 1e-10
KEEP_BACK = 0.999  # of the diagonal that could be split off
FEW = 0.5  # of a matrix's columns: a root that thin makes up for a diagonal of its own
STEPS = 25
GROWS = 20.0  # t, over the slope of the determinant where the point is
INSIDE = 0.9  # of the way to where the rest is singular
LAST = 1e10  # that slope times a typical entry of the diagonal, at the end
WEIGHTED_STEPS, CENTRINGS, HARDER = 14, 2, 3.0  # of the weighted sum: a direction, for which a thousandth is near enough
DROPPED = 1e-8  # of a typical entry of the diagonal: eigenvalues below it do not count


def split(M: Matrix, wanted: Mask) -> tuple[Vector, Matrix]:
    """(n,) d, zero where not wanted, and R (n, k) with M = diag(d) + R R'.

    The largest d where it leaves few columns, also where none is wanted. Else it would have nothing of some assets; there d is
    the same multiple for all of what is specific, 1 / (M^-1)_ii, the variance of asset i that the others do not explain.
    """
    d = _anywhere(M, wanted if wanted.any() else ~wanted, _largest)
    R = root(M, d)
    if R.shape[1] > FEW * len(M):
        d = _anywhere(M, wanted, _even)
        R = root(M, d)
    return d, R


def _anywhere(M: Matrix, wanted: Mask, diagonal: Callable[[Matrix, Indices], Vector]) -> Vector:
    """(n,) the diagonal that is found for what has any variance; nothing for a singular M."""
    d = np.zeros(len(M))
    live = np.flatnonzero(np.diagonal(M) > 0.0)
    own = np.flatnonzero(wanted[live])
    if len(own):
        d[live[own]] = diagonal(M[np.ix_(live, live)], own)
        if not leaves_semidefinite(M, d):  # rather nothing than a bound that is none
            d[:] = 0.0
    return d


def leaves_semidefinite(M: Matrix, d: Vector) -> bool:
    """Whether M - diag(d) is positive semidefinite, to rounding."""
    return bool(np.linalg.eigvalsh(M - np.diag(d))[0] >= -1e-12 * np.trace(M))


def _even(M: Matrix, own: Indices) -> Vector:
    """(k,) at `own` as large a multiple of what is specific as the rest allows."""
    values, vectors = np.linalg.eigh(M)
    if values[0] <= SINGULAR * values[-1]:
        return np.zeros(len(own))
    inverse = (vectors[own] / values) @ vectors[own].T
    shape = 1.0 / np.diagonal(inverse)
    # diag(shape) v = theta M v at `own`: the largest theta is one over the multiple.
    scale = np.sqrt(shape)
    return KEEP_BACK / float(np.linalg.eigvalsh(scale[:, None] * inverse * scale)[-1]) * shape


def _largest(M: Matrix, own: Indices) -> Vector:
    """(k,) the diagonal at `own`, by steps that stay inside."""
    from scipy.linalg import cho_factor, cho_solve

    diagonal = np.diagonal(M)[own]
    d, rest = np.zeros(len(own)), M.copy()
    for _ in range(STEPS):
        try:
            root = np.linalg.inv(np.linalg.cholesky(rest))
            inverse = (root.T @ root)[np.ix_(own, own)]
            slope = np.diagonal(inverse)
            step = cho_solve(cho_factor(inverse * inverse), GROWS * slope.mean() - slope)
        except np.linalg.LinAlgError:
            break
        mine = root[:, own]
        d = d + step * min(1.0, INSIDE / max(float(np.linalg.eigvalsh((mine * step) @ mine.T)[-1]), INSIDE))
        rest[own, own] = diagonal - d
        if slope.mean() * diagonal.mean() >= LAST:
            break
    return np.maximum(d, 0.0)


def largest_weighted(M: Matrix, own: Indices, weights: Vector) -> Vector:
    """(k,) at `own`, nowhere negative, about the largest sum weighted; weights: (k,) positive. Nothing for a singular M.

    A sum weighted is a plain one of M scaled by the roots of the weights.
    """
    scale = np.ones(len(M))
    scale[own] = np.sqrt(weights / weights.max())
    scaled = scale[:, None] * M * scale
    values = np.linalg.eigvalsh(M)
    if values[0] <= SINGULAR * values[-1]:
        return np.zeros(len(own))
    # Where to begin: half of what could be taken off every entry alike.
    d = np.full(len(own), 0.5 * float(values[0])) * scale[own] ** 2
    t = len(own) / float(np.diagonal(scaled)[own].sum())
    for tried in range(WEIGHTED_STEPS * CENTRINGS):
        try:
            d = d + _newton_step(scaled, own, d, t * HARDER ** (tried // CENTRINGS))
        except np.linalg.LinAlgError:  # as near to the edge as rounding lets it come
            break
    return np.asarray(KEEP_BACK * d / scale[own] ** 2)


def _newton_step(M: Matrix, own: Indices, d: Vector, t: float) -> Vector:
    """(k,) towards the largest  t sum(d) + log det(M - diag(d)) + sum log d,  as far as it stays inside."""
    rest = M.copy()
    rest[own, own] -= d
    root = np.linalg.inv(np.linalg.cholesky(rest))
    mine = root[:, own]
    inverse = mine.T @ mine
    step = np.linalg.solve(inverse * inverse + np.diag(1.0 / d**2), t - np.diagonal(inverse) + 1.0 / d)
    longest = max(float(np.linalg.eigvalsh((mine * step) @ mine.T)[-1]), float((-step / d).max()), INSIDE)
    return np.asarray(step * min(1.0, INSIDE / longest))


def root(M: Matrix, d: Vector) -> Matrix:
    """R (n, k), R R' = M - diag(d) but for eigenvalues that do not count, which are left out: never above it."""
    values, vectors = np.linalg.eigh(M - np.diag(d))
    own = d[d > 0.0]
    least = DROPPED * float(own.mean()) if len(own) else 0.0
    keep = values > max(float(values[-1]) * NEGLIGIBLE, least)
    return np.asarray(vectors[:, keep] * np.sqrt(values[keep]))
