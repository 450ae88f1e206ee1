"""Holdings that may not be traded and have too short a history: they still carry risk, and the rest must know of it."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.moments import Covariance
from portopt.estimation.covariance.forms import sealed


def with_stand_ins(mean: Vector, covariance: Covariance, n: int, known: Indices) -> tuple[Vector, Covariance]:
    """Moments of n assets from those of the m `known` ones: every other is the average asset and noise of its own.

        r_i = w'r + e_i,   w = 1/m,   var(e_i) = the median over known assets of what their regression on w'r leaves

    So the covariance stays positive semidefinite. In factor form the stand-in shares the average's factors, and the
    average's own specific variance counts as its noise. Nothing is bought or sold on these figures: the assets are frozen.
    mean: (m,), covariance: of the m known assets, known: (m,) their positions among n. The mean given back is (n,).
    """
    m = len(known)
    w = np.full(m, 1.0 / m)
    others = np.setdiff1d(np.arange(n), known)
    together = covariance.times(w)
    variance = float(w @ together)
    explained = together**2 / variance if variance > 0.0 else np.zeros(m)
    noise = float(np.median(np.maximum(covariance.diagonal() - explained, 0.0)))
    mu = np.full(n, float(w @ mean))
    mu[known] = mean
    if covariance.Sigma is not None:
        Sigma = np.full((n, n), variance)
        Sigma[np.ix_(known, known)] = covariance.Sigma
        Sigma[np.ix_(others, known)] = together
        Sigma[np.ix_(known, others)] = together[:, None]
        Sigma[others, others] = variance + noise
        return mu, sealed(Sigma)
    F, Omega, D = covariance.factors()
    all_F, all_D = np.tile(w @ F, (n, 1)), np.full(n, noise + float(D @ w**2))
    all_F[known], all_D[known] = F, D
    return mu, Covariance(F=all_F, Omega=Omega, D=all_D)
