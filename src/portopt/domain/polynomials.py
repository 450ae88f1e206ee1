"""Polynomials without a constant: how something changes along the way from where it stands."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix, Vector


def powers(t: Vector, degree: int) -> Matrix:
    """(k, degree): t, t^2, … of every t."""
    return np.power.outer(t, np.arange(1, degree + 1))


def through_zero(t: Vector, change: Vector, tolerance: float, most: int) -> tuple[float, ...] | None:
    """The shortest polynomial in t that is within `tolerance` of `change` at every t (k,); None where none to degree `most` is.

    >>> np.round(through_zero(np.array([-1.0, 0.5, 1.0]), np.array([-1.0, 1.0, 3.0]), 1e-12, 3), 12).tolist()
    [2.0, 1.0]
    """
    if float(np.abs(change).max(initial=0.0)) <= tolerance:
        return ()
    for degree in range(1, min(most, len(t) - 1) + 1):
        table = powers(t, degree)
        found = np.linalg.lstsq(table, change, rcond=None)[0]
        if float(np.abs(table @ found - change).max()) <= tolerance:
            return tuple(found.tolist())
    return None


def nodes(low: float, high: float, count: int) -> Vector:
    """Chebyshev's points on [low, high], the ends among them: a polynomial through these is near between them."""
    angles = np.linspace(np.pi, 0.0, count)
    return 0.5 * (low + high) + 0.5 * (high - low) * np.cos(angles)
