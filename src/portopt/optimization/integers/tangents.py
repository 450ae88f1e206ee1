"""The straight lines of an outer linearization, collected where the search has been."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.program import INF, Cone, StandardForm
from portopt.optimization.integers.outer_linear import SMALLEST_SLOPE, Outer, Squares
from portopt.optimization.scaling.extension import reach

LEVELS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)  # weights under a switch
OFFSETS = (0.001, 0.004, 0.015, 0.05, 0.2)  # of weight moved, around the first point
FEW_OFFSETS = (0.02,)  # beside choices between two ways: good ones are at hand, and the search is short
STRIDE = 0.1  # of weight moved, where every weight by itself is looked at
STEEPEST = 50.0  # exponents; a tangent anywhere is valid
APART = 12  # decimals that tell two tangents of one square apart


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Rows  sum_k values[:, k] x[columns[:, k]] >= side.  columns, values: (r, k); side: (r,)."""

    columns: Indices
    values: Matrix
    side: Vector


@dataclass(slots=True)
class Tangents:
    """What has been collected for one Outer."""

    outer: Outer
    blocks: list[Block] = field(default_factory=list)
    known: set[tuple[int, float]] = field(default_factory=set)

    def touch(self, x: Vector) -> None:
        """The tangents at x (the source's columns, or more)."""
        full = self.outer.filled(x)
        for squares in self.outer.squares:
            t, h = _at(squares, full)
            near = h > SMALLEST_SLOPE
            self._add(squares, np.flatnonzero(near), t[near] / h[near])
        self._touch_cones(full, fan=False)

    def fan(self, x: Vector) -> None:
        """Tangents at x and around it, as far as weights may move: nodes of the search lie far from any point touched.

        Under a switch, at sizes of what it switches.
        """
        full, moves = self.outer.filled(x), reach(self.outer.form)
        integer = self.outer.form.integer
        for squares in self.outer.squares:
            t, h = _at(squares, full)
            switched = (squares.head >= 0) & integer[squares.head]
            which = np.flatnonzero(switched)
            for level in LEVELS:
                self._add(squares, which, level * squares.slope[which])
            which = np.flatnonzero(~switched)
            stride = np.abs(squares.slope[which]) * moves[squares.column[which]]
            for offset in FEW_OFFSETS if self.outer.form.either else OFFSETS:
                for sign in (1.0, -1.0):
                    self._add(squares, which, (t[which] + sign * offset * stride) / np.maximum(h[which], SMALLEST_SLOPE))
        self.touch(x)
        self._touch_cones(full, fan=True)

    @property
    def n_rows(self) -> int:
        """How many rows the linear program has by now."""
        return len(self.outer.form.row_lower) + sum(len(block.side) for block in self.blocks)

    def rows(self, form: StandardForm) -> tuple[sp.csr_array, Vector, Vector]:
        """(A, lower, upper) of the linear program, as it is in `form`, with all tangents."""
        sizes = [len(block.side) for block in self.blocks]
        if not sizes:
            return form.A, form.row_lower, form.row_upper
        width = np.concatenate([np.full(len(b.side), b.columns.shape[1]) for b in self.blocks])
        data = np.concatenate([b.values.ravel() for b in self.blocks])
        columns = np.concatenate([b.columns.ravel() for b in self.blocks])
        A = sp.csr_array((data, (np.repeat(np.arange(len(width)), width), columns)), shape=(len(width), form.n_columns))
        lower = np.concatenate([form.row_lower, *(block.side for block in self.blocks)])
        return sp.csr_array(sp.vstack([form.A, A])), lower, np.concatenate([form.row_upper, np.full(len(width), INF)])

    def _add(self, s: Squares, which: Indices, r: Vector) -> None:
        """above >= 2 r t - r^2 h, where it is not there yet."""
        keys = list(zip(s.above[which].tolist(), np.round(r, APART).tolist(), strict=True))
        fresh = np.array([key not in self.known for key in keys], dtype=bool)
        if not fresh.any():
            return
        self.known.update(keys)
        which, r = which[fresh], r[fresh]
        has_head = s.head[which] >= 0
        columns = np.stack([s.above[which], s.column[which], np.where(has_head, s.head[which], s.above[which])], axis=1)
        values = np.stack([np.ones(len(r)), -2.0 * r * s.slope[which], np.where(has_head, r * r, 0.0)], axis=1)
        self.blocks.append(Block(columns, values, 2.0 * r * s.shift[which] - np.where(has_head, 0.0, r * r)))

    def _touch_cones(self, x: Vector, *, fan: bool) -> None:
        """The tangents of the cones that are no norms."""
        cones = self.outer.source.cones
        for cone in cones:
            if cone.kind == "power":
                self.blocks += _power_tangents(cone, x, fan=fan)
        for together in _added_up([cone for cone in cones if cone.kind == "exponential"]):
            self.blocks += _exponential_tangents(together, x, fan=fan)


def _at(s: Squares, full: Vector) -> tuple[Vector, Vector]:
    """t and h of the squares, (r,) each."""
    return s.slope * full[s.column] + s.shift, np.where(s.head >= 0, full[s.head], 1.0)


def _power_tangents(cone: Cone, x: Vector, *, fan: bool) -> list[Block]:
    """g(s) = s0^a s1^(1-a) - |s2| is concave and homogeneous: its gradient at a point of the surface supports the cone."""
    s = cone.B @ x[: cone.B.shape[1]] + cone.b
    points = [float(s[2])]
    if fan:
        width = max(float(np.abs(cone.B[2:3].data).max(initial=0.0)), SMALLEST_SLOPE)
        points += [float(s[2]) + sign * offset * width for offset in OFFSETS for sign in (1.0, -1.0)]
    out = []
    for z in points:
        second = max(float(s[1]), SMALLEST_SLOPE)
        first = max((abs(z) / second ** (1.0 - cone.alpha)) ** (1.0 / cone.alpha), SMALLEST_SLOPE)
        by_first = cone.alpha * (second / first) ** (1.0 - cone.alpha)
        by_second = (1.0 - cone.alpha) * (first / second) ** cone.alpha
        out += _row(cone.B, cone.b, np.array([by_first, by_second, -np.sign(z)]))
    return out


def _added_up(cones: list[Cone]) -> list[list[Cone]]:
    """Cones (r, s, v), s exp(r/s) <= v, by the column that is their s: one list a column, one for each cone without.

    An entropic value at risk has a cone a scenario, all over one column, and bounds the sum of their v alone: a row each would
    say no more there than one for the sum.
    """
    shared: dict[int, list[Cone]] = {}
    single = []
    for cone in cones:
        second = cone.B.indices[cone.B.indptr[1] : cone.B.indptr[2]]
        if len(second) == 1:
            shared.setdefault(int(second[0]), []).append(cone)
        else:
            single.append([cone])
    return [*shared.values(), *single]


def _exponential_tangents(cones: list[Cone], x: Vector, *, fan: bool) -> list[Block]:
    """The cones added up: sum of v >= the tangent of the sum of s exp(r/s)."""
    N = cones[0].B.shape[1]
    B, b = sp.csr_array(sp.vstack([cone.B for cone in cones])), np.concatenate([cone.b for cone in cones])
    points = [x[:N]]
    if fan:
        for column in np.unique(B[0::3].indices):
            for step in (-STRIDE, STRIDE):
                points.append(x[:N].copy())
                points[-1][column] += step
    out = []
    for point in points:
        s = B @ point + b
        second = np.maximum(s[1::3], SMALLEST_SLOPE)
        ratio = np.clip(s[0::3] / second, -STEEPEST, STEEPEST)
        e = np.exp(ratio)
        out += _row(B, b, np.column_stack([-e, -e * (1.0 - ratio), np.ones(len(e))]).ravel())
    return out


def _row(B: sp.csr_array, b: Vector, gradient: Vector) -> list[Block]:
    """gradient'(B x + b) >= 0, unless it says nothing of x."""
    row = sp.coo_array(sp.csr_array(gradient[None, :]) @ B)
    return [Block(row.coords[1][None, :], row.data[None, :], np.array([-float(gradient @ b)]))] if row.nnz else []
