"""Which diagonal the perspectives work on: of a dense covariance, the one whose relaxation is the highest.

    bound(d) = min  1/2 w'(M - diag(d))w + 1/2 sum d_i w_i^2 / h_i + linear part,    0 <= h_i <= 1 in place of whole h_i

Every d >= 0 that leaves M - diag(d) positive semidefinite bounds the optimum in whole numbers. The bound is concave in d, with
slope w_i^2 / h_i - w_i^2 at its solution, so it is climbed by steps towards the diagonal that is best for the slope there
(Frank and Wolfe 1956). Near a benchmark, where a few names stand for many, that halves what the relaxation leaves open.
Source: Zheng, Sun and Li (2014), Improving the performance of MIQP solvers for quadratic programs with cardinality.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.program import Quadratic, StandardForm
from portopt.optimization.integers.diagonal import FEW, largest_weighted, leaves_semidefinite, split
from portopt.optimization.integers.switches import switch_of_columns
from portopt.optimization.scaling.extension import continuous, extension_of, joined

FEWEST_COLUMNS = 20  # of fewer the search is through before this has begun
MOST_COLUMNS = 150  # of a dense block: beyond, a step takes as long as a good part of the search
SOLVES = 40  # relaxations, over all that is climbed
FIRST_STEP, LAST_STEP = 0.4, 0.01
WORTH = 1e-3  # of the bound: climbed less by a step, it is shortened
SWITCHED = 1e-6  # of a column of size one: less is none
LEAST = 1e-6  # of the largest slope: what every column counts at least

Solved = Callable[[StandardForm], Vector | None]


def chosen_diagonals(form: StandardForm, solved: Solved) -> dict[int, Vector]:
    """(k,) a diagonal for each dense quadratic of the objective, by its place, that has none of few columns beside it.

    solved: the convex solver, a point or None. What is chosen is as valid as any other, however exact the solver is.
    """
    if form.ratio:
        return {}
    switch, found = switch_of_columns(form), {}
    for k, block in enumerate(form.quadratics):
        wanted = switch[block.columns] >= 0
        if block.shared.ndim == 1 or not FEWEST_COLUMNS <= wanted.sum() <= len(block.columns) <= MOST_COLUMNS:
            continue
        d, R = split(block.M, wanted)
        if R.shape[1] > FEW * len(block.columns) and d.any():
            climbed = _climbed(_Relaxation(form, k, block, switch[block.columns], wanted, solved), d)
            found[k] = climbed if leaves_semidefinite(block.M, climbed) else d
    return found


def _climbed(relaxation: _Relaxation, d: Vector) -> Vector:
    here, step = relaxation.at(d), FIRST_STEP
    towards: Vector | None = None
    for _ in range(SOLVES):
        if here is None or step < LAST_STEP:
            break
        if towards is None:
            towards = relaxation.towards(here)
        there = relaxation.at(d + step * (towards - d))
        if there is None or there.value <= here.value:
            step *= 0.5
            continue
        step = step if there.value > here.value + WORTH * abs(there.value) else 0.5 * step
        d, here, towards = there.d, there, None
    return d


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """A diagonal, what its relaxation is worth, and the slope there, (k,)."""

    d: Vector
    value: float
    slope: Vector


@dataclass(frozen=True, slots=True, eq=False)
class _Relaxation:
    """The program with its k-th quadratic taken apart. switch: of its columns, -1 for none; wanted: those that have one."""

    form: StandardForm
    k: int
    block: Quadratic
    switch: Indices
    wanted: Mask
    solved: Solved

    def at(self, d: Vector) -> _Point | None:
        form = self._perspective(d)
        x = self.solved(form)
        if x is None:
            return None
        w = x[self.block.columns]
        h = np.where(self.wanted, x[self.switch], 1.0)
        slope = np.where(np.abs(w) > SWITCHED, w * w / np.maximum(h, SWITCHED) - w * w, 0.0)
        return _Point(d, form.objective(x), np.maximum(slope, 0.0) * self.wanted)

    def towards(self, point: _Point) -> Vector:
        """The diagonal that is best for the slope at a point."""
        own = np.flatnonzero(self.wanted)
        slope = point.slope[own]
        weights = np.maximum(slope, LEAST * float(slope.max(initial=1e-12)))
        d = np.zeros(len(point.d))
        d[own] = largest_weighted(self.block.M, own, weights)
        return d

    def _perspective(self, d: Vector) -> StandardForm:
        """Columns u_i with  u_i h_i >= w_i^2,  as cones  u + h >= ||(2 w, u - h)||."""
        program = extension_of(self.form)
        at = np.flatnonzero(d > 0.0)
        u = program.add_columns(len(at), lower=0.0)
        program.add_linear(u, 0.5 * d[at])
        sides = sp.csr_array(np.array([[0.0, 1.0, 1.0], [2.0, 0.0, 0.0], [0.0, 1.0, -1.0]]))
        for column, own, head in zip(u, self.block.columns[at], self.switch[at], strict=True):
            program.add_cone("second_order", [(0, sides, np.array([own, column, head]))], np.zeros(3), limit="")
        wide = joined(self.form, program.freeze())
        rest = Quadratic(self.block.columns, self.block.M - np.diag(d))
        quadratics = tuple(rest if k == self.k else block for k, block in enumerate(wide.quadratics))
        return continuous(replace(wide, quadratics=quadratics))
