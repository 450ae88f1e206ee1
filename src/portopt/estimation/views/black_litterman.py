"""Black and Litterman's mixture of a prior on expected returns with views of them; formulas only, no request."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.errors import DataError
from portopt.domain.moments import Covariance
from portopt.estimation.covariance.forms import sealed

MOST_DENSE = 4000  # assets; beyond it a covariance that cannot stay in factor form is refused rather than formed


def equilibrium(covariance: Covariance, market: Vector, risk_aversion: float) -> Vector:
    """Excess returns that make the market portfolio the best one.

        pi = delta Sigma w_mkt

    Args:
        covariance: Sigma (n, n), annual. market: (n,) w_mkt, adding to one. risk_aversion: delta.
    Source: He and Litterman (1999), The intuition behind Black-Litterman model portfolios, eq. 2.
    """
    return np.asarray(risk_aversion * covariance.times(market))


def idzorek_variance(view: Vector, covariance: Covariance, tau: float, confidence: float) -> float:
    """The variance with which this view, were it the only one, goes `confidence` of the way that certainty would.

        omega = tau p Sigma p' (1 - c) / c

    Infinite at c = 0 (the view says nothing), zero at c = 1 (it holds exactly).
    Source: Idzorek (2005), A step-by-step guide to the Black-Litterman model; in closed form Walters (2014), The
        Black-Litterman model in detail, eq. 41 and 44.

    view: (n,) the row p of P.
    """
    return np.inf if confidence == 0.0 else tau * covariance.variance(view) * (1.0 - confidence) / confidence


def reach(covariance: Covariance, tau: float, P: Matrix) -> Matrix:
    """(n, K) tau Sigma P': how far each view moves every asset."""
    return tau * np.stack([covariance.times(p) for p in P], axis=1) if len(P) else np.zeros((len(covariance), 0))


def dependent_view(A: Matrix) -> int | None:
    """The first view that is, without any error of its own, a combination of earlier ones; None where there is none.

    A (K, K) = P tau Sigma P' + omega. By Cholesky's pivots: what is left of a view's variance once earlier views are known.
    """
    L = np.zeros_like(A)
    for k in range(len(A)):
        for j in range(k):
            L[k, j] = (A[k, j] - L[k, :j] @ L[j, :j]) / L[j, j]
        left = A[k, k] - L[k, :k] @ L[k, :k]
        if not left > 1e-11 * A[k, k]:
            return k
        L[k, k] = np.sqrt(left)
    return None


def posterior_mean(pi: Vector, U: Matrix, P: Matrix, Q: Vector, A: Matrix) -> Vector:
    """Expected excess returns after the views.

        mu = pi + U A^-1 (Q - P pi),   U = tau Sigma P',   A = P tau Sigma P' + omega

    This form needs neither Sigma^-1 nor omega^-1, so a certain view (omega zero) is no special case; a view of infinite
    variance is left out before, which is its limit.

    Args:
        pi: (n,) prior. P: (K, n) views. Q: (K,) what they say.
    Source: Black and Litterman (1992), Global portfolio optimization; the form is He and Litterman (1999), appendix B.
    """
    if len(Q) == 0:
        return pi.copy()
    surprise = Q - P @ pi
    push = np.linalg.solve(A, surprise)
    push = push + np.linalg.solve(A, surprise - A @ push)  # takes away what rounding left, so that certain views hold
    return np.asarray(pi + U @ push)


def posterior_covariance(covariance: Covariance, tau: float, U: Matrix, P: Matrix, A: Matrix) -> Covariance:
    """Covariance of returns whose mean is itself uncertain.

        Sigma_post = Sigma + M,   M = tau Sigma - U A^-1 U'   (the variance of the mean that the views leave)

    In factor form, r = F f + e, the mean's error has the same parts: given the views, those of f and of the assets S that
    views name are correlated, all others keep tau D. So the answer has the factors f and e_S:

        F_post = [F, I_S],  Omega_post = diag((1 + tau) Omega, tau D_S) - B A^-1 B',  B = tau [Omega F' P'; D_S P_S']
        D_post = (1 + tau) D, but D on S

    Both summands are positive semidefinite. Where views name so many assets that this would be larger than the matrix
    itself, the answer is dense.

    Raises:
        DataError: a factor form of more than 4,000 assets that would become dense.
    Source: He and Litterman (1999), eq. 11 and 13.
    """
    n = len(covariance)
    if not covariance.is_factor_form:
        Sigma = (1.0 + tau) * covariance.dense()
        if len(P):
            Sigma -= U @ np.linalg.solve(A, U.T)
        return sealed((Sigma + Sigma.T) / 2.0)
    F, Omega, D = covariance.factors()
    if len(P) == 0:
        return Covariance(F=F, Omega=(1.0 + tau) * Omega, D=(1.0 + tau) * D)
    named = np.flatnonzero(np.any(P != 0.0, axis=0) & (D > 0.0))
    k, m = F.shape[1], len(named)
    if m > 0 and 2 * (k + m) > n:
        return _densified(covariance, tau, U, P, A)
    B = tau * np.concatenate([Omega @ (F.T @ P.T), D[named, None] * P.T[named]])
    inner = np.zeros((k + m, k + m))
    inner[:k, :k] = (1.0 + tau) * Omega
    inner[k:, k:] = np.diag(tau * D[named])
    inner -= B @ np.linalg.solve(A, B.T)
    wider = np.zeros((n, k + m))
    wider[:, :k] = F
    wider[named, k + np.arange(m)] = 1.0
    rest = (1.0 + tau) * D
    rest[named] = D[named]
    return Covariance(F=wider, Omega=(inner + inner.T) / 2.0, D=rest)


def _densified(covariance: Covariance, tau: float, U: Matrix, P: Matrix, A: Matrix) -> Covariance:
    n = len(covariance)
    if n > MOST_DENSE:
        raise DataError(
            f"the views name so many of the {n} assets that their covariance would no longer fit a factor form",
            field="estimation.views.posterior_covariance",
            fixes=["set posterior_covariance to false", "write broad views on fewer assets"],
        )
    return posterior_covariance(Covariance(Sigma=covariance.dense()), tau, U, P, A)
