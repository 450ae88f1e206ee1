"""Quantiles that turn a confidence into the size of a set."""

from __future__ import annotations

import math

import numpy as np

from portopt.domain.arrays import Vector


def normal(confidence: float) -> float:
    """z with P(|N(0, 1)| <= z) = confidence."""
    from scipy.special import ndtri

    return float(ndtri(0.5 * (1.0 + confidence)))


def normal_upper(confidence: float) -> float:
    """z with P(N(0, 1) <= z) = confidence."""
    from scipy.special import ndtri

    return float(ndtri(confidence))


def chi(degrees: int, confidence: float) -> float:
    """The square root of the chi-squared quantile."""
    from scipy.special import chdtri

    return math.sqrt(float(chdtri(degrees, 1.0 - confidence)))


def variance_bound(degrees: Vector, confidence: float) -> Vector:
    """What a sample variance of that many degrees of freedom is multiplied by for its one-sided upper bound.

    degrees: (m,); the answer too.
    """
    from scipy.special import chdtri

    return np.asarray(degrees / chdtri(degrees, confidence))


def regression_ellipsoid(factors: int, degrees: Vector, confidence: float) -> Vector:
    """factors times the F quantile: the size of the joint confidence ellipsoid of that many slopes.

    degrees: (m,); the answer too.
    """
    from scipy.special import fdtri

    return np.asarray(factors * fdtri(factors, degrees, confidence))
