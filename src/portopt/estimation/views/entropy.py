"""The probabilities nearest to given ones that satisfy linear conditions: relative entropy by its dual."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Mask, Matrix, Vector

MOST_STEPS = 300
TOLERANCE = 1e-13


class NoSuchProbabilities(Exception):
    """No probabilities on these scenarios satisfy the conditions: the dual exceeds every possible divergence.

    p, multipliers: where the dual was when that was plain; the signs say which conditions pull which way.
    """

    def __init__(self, p: Vector, multipliers: Vector) -> None:
        super().__init__("no probabilities satisfy these conditions")
        self.p = p
        self.multipliers = multipliers


def nearest(q: Vector, G: Matrix, free: Mask, start: Vector | None = None) -> tuple[Vector, Vector]:
    """Probabilities p nearest to q under conditions on expectations, and their multipliers.

        minimize  sum_t p_t log(p_t / q_t)   subject to   G'p = 0 (free),  G'p >= 0 (the others),  sum p = 1, p >= 0

    By its dual, of as many unknowns as conditions, whatever the number of scenarios:

        minimize  phi(l) = log sum_t q_t exp(g_t' l),   l >= 0 where not free;   p_t = q_t exp(g_t' l - phi(l))

    phi is convex and smooth, its gradient is G'p and its Hessian the covariance of g under p: a projected Newton method,
    steps halved until phi falls. -phi(l) is a lower bound on the divergence, which cannot exceed -log min q: a larger
    one proves that no such p exists.

    Args:
        q: (T,) prior, positive. G: (T, K), what must be zero, or not negative, on average. free: (K,) bool, equalities.
        start: (K,) multipliers to begin from.
    Raises:
        NoSuchProbabilities.
    Source: Meucci (2008), Fully flexible views: theory and practice, appendix A.1.
    """
    K = G.shape[1]
    if K == 0:
        return q.copy(), np.zeros(0)
    scale = np.abs(G).max(axis=0)
    scale[scale == 0.0] = 1.0
    Z = G / scale
    most = -float(np.log(q[q > 0.0].min())) + 1e-6
    with np.errstate(divide="ignore"):
        log_q = np.log(q)
    multipliers = np.zeros(K) if start is None else start * scale
    phi, p = _dual(log_q, Z, multipliers)
    for _ in range(MOST_STEPS):
        slope = Z.T @ p
        held = ~free & (multipliers <= 0.0) & (slope > 0.0)
        loose = ~held
        if float(np.abs(slope[loose]).max(initial=0.0)) <= TOLERANCE:
            return p, multipliers / scale
        if -phi > most:
            raise NoSuchProbabilities(p, multipliers / scale)
        moved = _step(log_q, Z, p, multipliers, slope, free, loose, phi)
        if moved is None:
            break
        multipliers, phi, p = moved
    slope = Z.T @ p
    gap = np.where(free, np.abs(slope), np.maximum(-slope, 0.0))
    if -phi > most or float(gap.max()) > 1e-11:
        raise NoSuchProbabilities(p, multipliers / scale)
    return p, multipliers / scale


def _dual(log_q: Vector, Z: Matrix, multipliers: Vector) -> tuple[float, Vector]:
    exponents = log_q + Z @ multipliers
    top = float(exponents.max())
    p = np.exp(exponents - top)
    total = float(p.sum())
    return top + float(np.log(total)), p / total


def _step(
    log_q: Vector, Z: Matrix, p: Vector, multipliers: Vector, slope: Vector, free: Mask, loose: Mask, phi: float
) -> tuple[Vector, float, Vector] | None:
    """One Newton step, halved until phi falls or, at rounding level, the slope does; None when neither can."""
    direction = _newton(Z, p, multipliers, slope, free, loose)
    if float(slope @ direction) > -1e-300:
        direction = np.where(loose, -slope, 0.0)
    # Far out phi is almost linear and Newton's step is huge; no exponent need change by more than e^30 at once.
    length = min(1.0, 30.0 / max(float(np.abs(Z @ direction).max()), 1e-300))
    size = float(np.abs(slope[loose]).max())
    for _ in range(60):
        tried = multipliers + length * direction
        tried[~free] = np.maximum(tried[~free], 0.0)
        value, there = _dual(log_q, Z, tried)
        if value < phi + 1e-4 * float(slope @ (tried - multipliers)):
            return tried, value, there
        if value <= phi + 1e-14 and float(np.abs((Z.T @ there)[loose]).max()) < 0.9 * size:
            return tried, value, there
        length /= 2.0
    return None


def _newton(Z: Matrix, p: Vector, multipliers: Vector, slope: Vector, free: Mask, loose: Mask) -> Vector:
    """Where the quadratic model of phi is least: over the loose multipliers, and where one of them would turn negative over
    all of them within their bounds."""
    part = Z[:, loose]
    H = part.T @ (p[:, None] * part) - np.outer(slope[loose], slope[loose])
    direction = np.zeros_like(multipliers)
    direction[loose] = -np.linalg.lstsq(H, slope[loose], rcond=1e-14)[0]
    if float((multipliers + direction)[~free].min(initial=0.0)) >= 0.0:
        return direction
    from scipy.optimize import lsq_linear

    values, V = np.linalg.eigh(Z.T @ (p[:, None] * Z) - np.outer(slope, slope))
    keep = values > 1e-14 * values[-1]
    root = np.sqrt(values[keep])
    least = np.where(free, -np.inf, -multipliers)
    bounded = lsq_linear(root[:, None] * V[:, keep].T, -(V[:, keep].T @ slope) / root, (least, np.inf), method="bvls")
    return np.asarray(bounded.x)
