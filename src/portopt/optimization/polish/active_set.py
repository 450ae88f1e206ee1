"""What is believed to bind, and the point that goes with it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.optimization.scaling.cone_map import ConeMap, cone_maps
from portopt.optimization.scaling.helper_columns import flat_columns, without_round_trips
from portopt.optimization.scaling.presolve import Scaled, SolverAnswer
from portopt.optimization.scaling.ratio_gamma import RatioScale

TINY = 1e-300
SMALLEST_GRADIENT = 1e-3  # scaled; where the optimum has none (zero variance), what its parts are at least


@dataclass(slots=True)
class ActiveSet:
    """A point with its multipliers, and which sides hold as equalities. M columns, r rows, c cones.

    low, high: (M,) columns at a bound. side: (r,) 1 upper, -1 lower, 2 equality, 0 not active. x_start: the interior
    point, whose slacks say which held column gives way first. on: (c,) cones that bind; pull: (c,) their multipliers,
    z = pull * (s0, -s1). scale: for a ratio, else None. implied: (rows, columns, coefficients) in the order found, each
    column determined by its row alone. stuck: active rows without a free column.
    """

    program: Scaled
    A: sp.csr_array | Matrix
    pattern: sp.csr_array | Matrix
    x: Vector
    x_start: Vector
    y: Vector
    low: Mask
    high: Mask
    side: Vector
    on: Mask
    pull: Vector
    helpers: Mask
    maps: list[ConeMap] = field(default_factory=list)
    scale: RatioScale | None = None
    implied: list[tuple[Indices, Indices, Vector]] = field(default_factory=list)
    stuck: Indices = field(default_factory=lambda: np.zeros(0, dtype=np.intp))

    @classmethod
    def guessed(cls, program: Scaled, answer: SolverAnswer, scale: RatioScale | None = None) -> ActiveSet:
        """A side binds when its multiplier is larger than its slack: near the optimum one of the two is nearly zero."""
        if answer.x is None or answer.y is None:
            raise ValueError("an answer without multipliers cannot be polished")
        A = program.A
        m, M = A.shape
        if A.nnz > 0.2 * m * M or m * M < 150_000:
            A = A.toarray()
        x = without_round_trips(program, np.clip(answer.x, program.lower, program.upper))
        y = answer.y
        t = -(program.P.times(x) + program.q + A.T @ y) if answer.t is None else answer.t
        high = (t > program.upper - x) & (program.upper < np.inf)
        low = (-t > x - program.lower) & ~high & (program.lower > -np.inf)
        low |= (x == program.lower) & ~high
        Ax = A @ x
        side = np.zeros(m)
        side[y > program.row_upper - Ax] = 1
        side[-y > Ax - program.row_lower] = -1
        side[program.row_lower == program.row_upper] = 2
        pull, on = np.zeros(len(program.cones)), np.zeros(len(program.cones), dtype=bool)
        maps = cone_maps(program)
        for k, cone in enumerate(maps):
            s, z = cone.times(x) + cone.b, answer.z[k]
            slack = s[0] - np.linalg.norm(s[1:])
            on[k] = z[0] > slack and s[0] > 0
            pull[k] = z[0] / s[0] if on[k] else 0.0
        return cls(
            program=program,
            A=A,
            pattern=(A != 0).astype(float),
            x=x.copy(),
            x_start=x,
            y=np.where(side != 0, y, 0.0),
            low=low,
            high=high,
            side=side,
            on=on,
            pull=pull,
            helpers=flat_columns(program),
            maps=maps,
            scale=scale,
        )

    def key(self) -> bytes:
        return b"".join(part.tobytes() for part in (self.low, self.high, self.side, self.on))

    def held(self) -> int:
        """How many columns are at a bound."""
        return int(np.count_nonzero(self.low | self.high))

    def targets(self, rows: Indices) -> Vector:
        """The side each of those rows is held at."""
        return np.where(self.side[rows] < 0, self.program.row_lower[rows], self.program.row_upper[rows])

    def gradient(self, Px: Vector | None = None) -> Vector:
        """(M,) of the objective. Px: (M,) where it is known."""
        gradient = (self.program.P.times(self.x) if Px is None else Px) + self.program.q
        return np.asarray(gradient if self.scale is None else gradient + (self.scale.theta - 1.0) * self.scale.linear)

    def cone_pull(self) -> Vector:
        """(M,) -sum B'z = sum pull (B1's1 - B0's0)."""
        out = np.zeros(len(self.x))
        for k in np.flatnonzero(self.on):
            out += self.pull[k] * self.cone_gradient(int(k))[1]
        return out

    def cone_value(self, k: int) -> Vector:
        """s = Bx + b of one cone."""
        return self.maps[k].times(self.x) + self.maps[k].b

    def cone_gradient(self, k: int) -> tuple[float, Vector]:
        """h = (||s1||^2 - s0^2)/2 of one cone and its gradient (M,)."""
        s = self.cone_value(k)
        signed = s.copy()
        signed[0] = -s[0]
        norm = float(np.linalg.norm(s[1:]))
        # As a product: the difference of the squares loses the digits that say how far off the radius is.
        return 0.5 * (norm - float(s[0])) * (norm + float(s[0])), self.maps[k].back(signed)

    def z(self) -> tuple[Vector, ...]:
        out = []
        for k in range(len(self.program.cones)):
            s = self.cone_value(k)
            s[1:] *= -1.0
            out.append(s * self.pull[k] if self.on[k] else np.zeros(len(s)))
        return tuple(out)

    def size(self, Px: Vector | None = None) -> float:
        """What a multiplier is large or small against: the largest part of the gradient, penalties aside."""
        parts = np.maximum(np.abs(self.gradient(Px)), np.abs(self.cone_pull()))[self.program.wanted]
        return max(float(parts.max(initial=0.0)), SMALLEST_GRADIENT)

    def total(self, Px: Vector | None = None) -> Vector:
        """(M,) Px + q + A'y - sum B'z: minus the box multipliers, zero on free columns at the optimum."""
        return np.asarray(self.gradient(Px) + self.A.T @ self.y + self.cone_pull())

    def violation(self) -> float:
        """The largest miss of box, rows and cones; relative to its radius for a cone that is held."""
        p, Ax = self.program, np.asarray(self.A @ self.x)
        size = np.maximum(1.0, np.asarray(abs(self.A) @ np.abs(self.x)))
        cones = [0.0]
        for k in range(len(p.cones)):
            s = self.cone_value(k)
            outside = float(np.linalg.norm(s[1:]) - s[0])
            # One that is held has to be met: a multiplier on a cone that is not is no optimality condition.
            cones.append(abs(outside) / max(float(s[0]), TINY) if self.on[k] else outside)
        box = np.maximum(p.lower - self.x, self.x - p.upper).max(initial=0.0)
        rows = np.maximum(p.row_lower - Ax, Ax - p.row_upper) / size
        return float(max(box, rows.max(initial=0.0), *cones))
