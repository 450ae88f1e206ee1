"""What a covariance is asked for here: products, and the block of the weights that are free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from portopt.domain.arrays import Indices, Matrix, Vector

PART_READ = 4  # rows fewer than that part of all are copied and multiplied sooner than all of them are read


class Risk(Protocol):
    """M (n, n), symmetric positive semidefinite: the curvature of the weights."""

    def times(self, v: Vector) -> Vector:
        """(n,): M v."""
        ...

    def part(self, at: Indices, v: Vector) -> Vector:
        """(f,): (M v)[at]."""
        ...

    def block(self, at: Indices) -> Matrix:
        """(f, f): M[at, at]."""
        ...

    def exposures(self, v: Vector) -> Vector:
        """(k,): G'v, what the form has columns for; none where M is dense."""
        ...

    def pulled(self, z: Vector) -> Vector:
        """(n,): G z."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """M = scale shared.  shared: (n, n)."""

    shared: Matrix
    scale: float = 1.0

    def times(self, v: Vector) -> Vector:
        return np.asarray(self.scale * (self.shared @ v))

    def part(self, at: Indices, v: Vector) -> Vector:
        return np.asarray(self.scale * (self.shared[at] @ v if PART_READ * len(at) < len(v) else (self.shared @ v)[at]))

    def block(self, at: Indices) -> Matrix:
        return np.asarray(self.scale * self.shared[np.ix_(at, at)])

    def exposures(self, v: Vector) -> Vector:
        return np.zeros(0)

    def pulled(self, z: Vector) -> Vector:
        return np.zeros(len(self.shared))


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """M = scale G G' + diag(D).  G: (n, k); D: (n,), scaled already."""

    G: Matrix
    D: Vector
    scale: float

    def times(self, v: Vector) -> Vector:
        return np.asarray(self.scale * (self.G @ (self.G.T @ v)) + self.D * v)

    def part(self, at: Indices, v: Vector) -> Vector:
        return np.asarray(self.scale * (self.G[at] @ (self.G.T @ v)) + self.D[at] * v[at])

    def block(self, at: Indices) -> Matrix:
        part = self.G[at]
        out = self.scale * (part @ part.T)
        out.flat[:: len(at) + 1] += self.D[at]
        return np.asarray(out)

    def exposures(self, v: Vector) -> Vector:
        return np.asarray(self.G.T @ v)

    def pulled(self, z: Vector) -> Vector:
        return np.asarray(self.G @ z)
