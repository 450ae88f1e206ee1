"""The straight lines of an outer linearization, collected where the search has been."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.domain.program import INF, Cone
from portopt.optimization.scaling.extension import reach
from portopt.trading.outer import OuterProgram, Squares

OFFSETS = (0.01, 0.03, 0.1, 0.3, 1.0)  # around the first point, in units of STRIDE
STRIDE = 0.1  # of weight moved
SMALLEST = 1e-9
STEEPEST = 50.0  # exponents; a tangent anywhere is valid


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Rows  sum_k values[:, k] x[columns[:, k]] >= side.  columns, values: (r, k); side: (r,). limit: whose, or ""."""

    columns: Indices
    values: Vector
    side: Vector
    limit: str


@dataclass(slots=True)
class Tangents:
    """What has been collected for one OuterProgram."""

    outer: OuterProgram
    blocks: list[Block] = field(default_factory=list)

    def touch(self, x: Vector, *, fan: bool = False) -> None:
        """Add the tangents at x (the source's columns, or more); with `fan`, at points around it too."""
        full = self.outer.filled(x)
        moves = reach(self.outer.form) if fan else None
        for squares in self.outer.squares:
            t = squares.slope * full[squares.column] + squares.shift
            h = _head_value(squares, full)
            self.blocks.append(_square_tangents(squares, t, h))
            if moves is not None:
                stride = STRIDE * np.abs(squares.slope) * moves[squares.column]
                steps = [sign * offset for offset in OFFSETS for sign in (1.0, -1.0)]
                self.blocks += [_square_tangents(squares, t + step * stride, h) for step in steps]
        for cone in self.outer.source.cones:
            if cone.kind == "power":
                self.blocks += _power_tangents(cone, full, fan=fan)
        exponentials = [cone for cone in self.outer.source.cones if cone.kind == "exponential"]
        if exponentials:
            self.blocks += _exponential_tangents(exponentials, full, fan=fan)

    def rows(self, dropped: Callable[[str], bool] = lambda limit: False) -> tuple[sp.csr_array, Vector, Vector]:
        """(A, lower, upper) of all tangents, those of dropped limits left out."""
        kept = [b for b in self.blocks if not (b.limit and dropped(b.limit))]
        N = self.outer.form.n_columns
        if not kept:
            return sp.csr_array((0, N)), np.zeros(0), np.zeros(0)
        sizes = [len(b.side) for b in kept]
        first = np.cumsum([0, *sizes[:-1]])
        rows = [np.repeat(start + np.arange(len(b.side)), b.columns.shape[1]) for start, b in zip(first, kept, strict=True)]
        data = np.concatenate([b.values.ravel() for b in kept])
        coords = (np.concatenate(rows), np.concatenate([b.columns.ravel() for b in kept]))
        A = sp.csr_array((data, coords), shape=(sum(sizes), N))
        lower = np.concatenate([b.side for b in kept])
        return A, lower, np.full(len(lower), INF)


def _head_value(s: Squares, x: Vector) -> float:
    if s.head is None:
        return 1.0
    column, slope, shift = s.head
    return max(shift + (slope * float(x[column]) if column >= 0 else 0.0), SMALLEST)


def _square_tangents(s: Squares, t: Vector, h: float) -> Block:
    """b >= m (2 t0 t - t0^2) for a plain square; b >= m (2 r t - r^2 h), r = t0 / h0, in perspective."""
    r = t / h
    gradient, weight = 2.0 * s.m * r, s.m * r * r
    columns = [s.bound, s.column]
    values = [np.ones(len(t)), -gradient * s.slope]
    side = gradient * s.shift
    if s.head is None:
        side = side - weight
    else:
        column, slope, shift = s.head
        side = side - weight * shift
        if column >= 0:
            columns.append(np.full(len(t), column))
            values.append(weight * slope)
    return Block(np.stack(columns, axis=1), np.stack(values, axis=1), side, s.limit)


def _power_tangents(cone: Cone, x: Vector, *, fan: bool) -> list[Block]:
    """g(s) = s0^a s1^(1-a) - |s2| is concave and homogeneous: its gradient at a point of the surface supports the cone."""
    s = cone.B @ x[: cone.B.shape[1]] + cone.b
    points = [float(s[2])]
    if fan:
        width = STRIDE * max(float(np.abs(cone.B[2:3].data).max(initial=0.0)), SMALLEST)
        points += [float(s[2]) + sign * offset * width for offset in OFFSETS for sign in (1.0, -1.0)]
    out = []
    for z in points:
        second = max(float(s[1]), SMALLEST)
        first = max((abs(z) / second ** (1.0 - cone.alpha)) ** (1.0 / cone.alpha), SMALLEST)
        by_first = cone.alpha * (second / first) ** (1.0 - cone.alpha)
        by_second = (1.0 - cone.alpha) * (first / second) ** cone.alpha
        gradient = np.array([by_first, by_second, -np.sign(z)])
        row = sp.coo_array(sp.csr_array(gradient[None, :]) @ cone.B)
        if row.nnz:
            side = np.array([-float(gradient @ cone.b)])
            out.append(Block(row.coords[1][None, :], row.data[None, :], side, cone.limit))
    return out


def _exponential_tangents(cones: list[Cone], x: Vector, *, fan: bool) -> list[Block]:
    """The cones (r, s, v), s exp(r/s) <= v, added up: sum of v >= the tangent of the sum, one row a point.

    An entropic value at risk has a cone a scenario and bounds the sum of their v alone: a row each would say no more there.
    """
    N = cones[0].B.shape[1]
    B, b = sp.csr_array(sp.vstack([cone.B for cone in cones])), np.concatenate([cone.b for cone in cones])
    points = [x[:N]]
    if fan:
        touched = np.unique(B[0::3].indices)
        for column in touched[touched < N]:
            for step in (-STRIDE, STRIDE):
                points.append(x[:N].copy())
                points[-1][column] += step
    out = []
    for point in points:
        s = B @ point + b
        second = np.maximum(s[1::3], SMALLEST)
        ratio = np.clip(s[0::3] / second, -STEEPEST, STEEPEST)
        e = np.exp(ratio)
        gradient = np.column_stack([-e, -e * (1.0 - ratio), np.ones(len(e))]).ravel()
        row = sp.coo_array(sp.csr_array(gradient[None, :]) @ B)
        out.append(Block(row.coords[1][None, :], row.data[None, :], np.array([-float(gradient @ b)]), cones[0].limit))
    return out
