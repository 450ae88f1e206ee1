"""Membership of the three cones and of their duals, by formula.

second_order: s0 >= ||s1||, its own dual.
exponential:  (r, s, t), s exp(r/s) <= t, s > 0;  dual (u, v, w): -u exp(v/u - 1) <= w, u < 0, or u = 0, v, w >= 0.
power:        (x, y, z), |z| <= x^a y^(1-a), x, y >= 0;  dual (u, v, w): |w| <= (u/a)^a (v/(1-a))^(1-a).
Source: Boyd and Vandenberghe (2004), 2.6; Chares (2009) for the last two.
"""

from __future__ import annotations

import math

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.program import ConeKind

# exp of a larger argument overflows; a point that far outside is outside by any measure
LARGEST_EXPONENT = 700.0


def primal_violation(kind: ConeKind, s: Vector, alpha: float) -> float:
    """By how much s (d,) misses the cone, in the unit of its entries; 0.0 inside."""
    if kind == "second_order":
        return max(0.0, float(np.linalg.norm(s[1:])) - float(s[0]))
    if kind == "power":
        x, y = max(float(s[0]), 0.0), max(float(s[1]), 0.0)
        return max(0.0, -float(s[0]), -float(s[1]), abs(float(s[2])) - float(x**alpha * y ** (1.0 - alpha)))
    r, scale, t = (float(v) for v in s)
    if scale <= 0.0:
        return max(0.0, r, -scale, -t)
    return max(0.0, scale * math.exp(min(r / scale, LARGEST_EXPONENT)) - t)


def dual_violation(kind: ConeKind, z: Vector, alpha: float) -> float:
    """By how much z (d,) misses the dual cone, in the unit of its entries; 0.0 inside."""
    if kind == "second_order":
        return primal_violation(kind, z, alpha)
    if kind == "power":
        return max(0.0, -float(z[0]), -float(z[1]), abs(float(z[2])) - _power_reach(z, alpha))
    u, v, w = (float(entry) for entry in z)
    if u >= 0.0:
        return max(u, -v, -w, 0.0)
    return max(0.0, -u * math.exp(min(v / u - 1.0, LARGEST_EXPONENT)) - w)


def into_dual(kind: ConeKind, z: Vector, alpha: float, *, may_raise_first: bool) -> Vector:
    """A member of the dual cone near z: any member gives a valid bound, a near one a good bound.

    may_raise_first: whether entry 0 of a second-order cone may grow (its row of B is empty, so no stationarity is lost).
    z: (d,) of one cone; the answer too.
    """
    out = z.copy()
    if kind == "second_order":
        norm = float(np.linalg.norm(z[1:]))
        if may_raise_first:
            out[0] = max(float(z[0]), norm)
        elif norm > z[0]:
            out[1:] *= max(float(z[0]), 0.0) / norm
            out[0] = max(float(z[0]), 0.0)
        return out
    if kind == "power":
        out[:2] = np.maximum(z[:2], 0.0)
        reach = _power_reach(out, alpha)
        out[2] = np.clip(z[2], -reach, reach)
        return out
    if z[0] >= 0.0:
        return np.array([0.0, max(float(z[1]), 0.0), max(float(z[2]), 0.0)])
    exponent = min(float(z[1] / z[0]) - 1.0, LARGEST_EXPONENT)
    out[2] = max(float(z[2]), -float(z[0]) * float(np.exp(exponent)))
    return out


def _power_reach(z: Vector, alpha: float) -> float:
    u, v = max(float(z[0]), 0.0), max(float(z[1]), 0.0)
    return float((u / alpha) ** alpha * (v / (1.0 - alpha)) ** (1.0 - alpha))
