"""Dense or factor form: the same covariance, kept in whichever is smaller."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.moments import Covariance


def few_rows(X: Matrix) -> bool:
    """So few observations for so many assets that the returns themselves are the cheaper factors.

    X: (T, n) periodic returns.
    """
    T, n = X.shape
    return bool(n >= 2 * T)


def shrunk(S: Matrix, scale: float, ridge: float) -> Covariance:
    """scale S + ridge I, in place of S.

    S: (n, n), overwritten.
    """
    S *= scale
    S.ravel()[:: S.shape[0] + 1] += ridge
    return sealed(S)


def of_rows(Y: Matrix, scale: float, D: Vector) -> Covariance:
    """scale Y'Y + diag(D) with the observations as factors: F = Y', Omega = scale I. Y (T, n) is demeaned."""
    return Covariance(F=Y.T, Omega=scale * np.eye(Y.shape[0]), D=D)


def sealed(Sigma: Matrix) -> Covariance:
    """A dense covariance that takes the array over instead of copying it.

    Sigma: (n, n).
    """
    Sigma.flags.writeable = False
    return Covariance(Sigma=Sigma)


def scaled(covariance: Covariance, by: float) -> Covariance:
    """by * Sigma."""
    if covariance.Sigma is not None:
        return sealed(covariance.Sigma * by)
    F, Omega, D = covariance.factors()
    return Covariance(F=F, Omega=Omega * by, D=D * by)


def plus_diagonal(covariance: Covariance, extra: Vector) -> Covariance:
    """Sigma + diag(extra).

    extra: (n,) variances, of the covariance's own period.
    """
    if covariance.Sigma is not None:
        return sealed(covariance.Sigma + np.diag(extra))
    F, Omega, D = covariance.factors()
    return Covariance(F=F, Omega=Omega, D=D + extra)
