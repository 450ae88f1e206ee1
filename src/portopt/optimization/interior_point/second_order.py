"""Second-order cones inside the interior point: s = Bx + b with s0 >= ||s1||, in Nesterov and Todd's scaling.

W is symmetric with W z = W^-1 s = lambda.  With J = diag(1, -1, ..., -1) and a unit hyperbolic vector w:

    W^-2 = (2 (Jw)(Jw)' - J) / eta^2

so B'W^-2 B is B1'B1 / eta^2, plus one row, less the square of the (usually empty) first row.  Source: Vandenberghe (2010).
"""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Vector


def determinant(s: Vector) -> float:
    """s0^2 - ||s1||^2, without cancellation.

    s: (d,).
    """
    norm = float(np.linalg.norm(s[1:]))
    return (float(s[0]) - norm) * (float(s[0]) + norm)


def product(a: Vector, b: Vector) -> Vector:
    """The cone's own product: (a'b, a0 b1 + b0 a1)."""
    out = a[0] * b + b[0] * a
    out[0] = a @ b
    return np.asarray(out)


def quotient(a: Vector, b: Vector) -> Vector:
    """x with product(a, x) = b, for a inside the cone."""
    first = (a[0] * b[0] - a[1:] @ b[1:]) / determinant(a)
    out = np.empty_like(b)
    out[0] = first
    out[1:] = (b[1:] - first * a[1:]) / a[0]
    return out


def longest_step(s: Vector, d: Vector, most: float = 1e6) -> float:
    """The largest a <= most with s + a d in the cone.

    s, d: (k,), s inside.
    """
    a = d[0] * d[0] - d[1:] @ d[1:]
    b = s[0] * d[0] - s[1:] @ d[1:]
    c = determinant(s)
    roots = [most]
    if d[0] < 0:
        roots.append(-s[0] / d[0])
    disc = b * b - a * c
    if disc >= 0:
        root = np.sqrt(disc)
        # c / (-b +- root) is the stable form of the roots of a t^2 + 2 b t + c.
        roots += [c / bottom for bottom in (-b + root, -b - root) if bottom > 0]
    return float(min(roots))


class Scaling:
    """W for one pair (s, z) inside the cone."""

    def __init__(self, s: Vector, z: Vector) -> None:
        root_s, root_z = np.sqrt(determinant(s)), np.sqrt(determinant(z))
        s_bar, z_bar = s / root_s, z / root_z
        gamma = np.sqrt(0.5 * (1.0 + s_bar @ z_bar))
        w = s_bar.copy()
        w[0] += z_bar[0]
        w[1:] -= z_bar[1:]
        self.w = w / (2.0 * gamma)
        self.eta = float(np.sqrt(root_s / root_z))
        self.is_sound = 1e-150 < self.eta < 1e150  # False for NaN too
        self.point = self.times(z)

    def times(self, v: Vector) -> Vector:
        """W v."""
        w = self.w
        tail = w[1:] @ v[1:]
        out = np.empty_like(v)
        out[0] = w[0] * v[0] + tail
        out[1:] = v[1:] + (v[0] + tail / (1.0 + w[0])) * w[1:]
        return out * self.eta

    def over(self, v: Vector) -> Vector:
        """W^-1 v."""
        w = self.w
        tail = w[1:] @ v[1:]
        out = np.empty_like(v)
        out[0] = w[0] * v[0] - tail
        out[1:] = v[1:] + (-v[0] + tail / (1.0 + w[0])) * w[1:]
        return out / self.eta
