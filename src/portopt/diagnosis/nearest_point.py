"""How near to its centre a portfolio can come: the question behind a tracking error or volatility limit, as a quadratic.

    minimize  1/2 ||B1 x + b1||^2   over the linear limits        for the cone  ||B1 x + b1|| <= b0

One quadratic program instead of a cone program: at 500 assets and a dense covariance a tenth of the time. With f* its
least value, sqrt(2 f*) > b0 proves that the cone and the linear limits leave no portfolio.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from portopt.audit.optimality import gap_bound, gradient
from portopt.diagnosis.fewer_columns import without_unused
from portopt.domain.arrays import Vector
from portopt.domain.program import Cone, Quadratic, StandardForm
from portopt.domain.solution import RawAnswer

CARRIES = 1e-7  # of the largest multiplier


def is_distance(cone: Cone) -> bool:
    """Whether the cone is a ball of fixed radius: its first entry a constant."""
    return cone.kind == "second_order" and cone.B.indptr[1] == cone.B.indptr[0]


@dataclass(frozen=True, slots=True, eq=False)
class Distance:
    """The question for one cone over `linear`, a program without cones whose rows and bounds still know their limits."""

    cone: Cone
    linear: StandardForm

    def form(self) -> StandardForm:
        """1/2 ||B1 x + b1||^2 to be minimized; factor and trade columns that nobody needs set aside."""
        B, b = sp.csr_array(self.cone.B[1:]), self.cone.b[1:]
        columns = np.unique(B.indices).astype(np.intp)
        rows_per_column = np.diff(sp.csc_array(B).indptr)
        if rows_per_column.max(initial=0) <= 1 and np.diff(B.indptr).max(initial=0) <= 1:
            M: Vector = np.asarray((B.multiply(B)).sum(axis=0)).ravel()[columns]
        else:
            dense = B[:, columns].toarray()
            M = dense.T @ dense
        program = replace(
            self.linear,
            quadratics=(Quadratic(columns, M),),
            q=np.asarray(B.T @ b),
            constant=0.5 * float(b @ b),
            cones=(),
            ratio=False,
        )
        return without_unused(program)

    def at_least(self, form: StandardForm, raw: RawAnswer) -> float:
        """A proven lower bound on the distance; 0.0 where the answer proves nothing."""
        if raw.x is None or raw.duals is None:
            return 0.0
        g = gradient(form, raw.x)
        gap, _ = gap_bound(form, raw.x, g, raw.duals.rows, ())
        return math.sqrt(max(0.0, 2.0 * (form.objective(raw.x) - gap)))

    def carrying(self, form: StandardForm, raw: RawAnswer) -> set[str]:
        """The limits whose multipliers hold the portfolio away."""
        if raw.duals is None:
            return set()
        size: dict[str, float] = {}
        for groups, multipliers in ((form.row_groups, raw.duals.rows), (form.bound_groups, raw.duals.bounds)):
            for group in groups:
                largest = float(np.abs(multipliers[group.start : group.stop]).max(initial=0.0))
                size[group.limit] = max(size.get(group.limit, 0.0), largest)
        least = CARRIES * max([*size.values(), 0.0])
        return {name for name, largest in size.items() if name and largest > least}
