"""A convex quadratic as one column above it: for where the objective has no room for it, a ratio's numerator or a row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Matrix
from portopt.domain.program import Program, Quadratic


def add_square_cone(program: Program, quadratics: Sequence[Quadratic], *, limit: str = "") -> Indices:
    """One column s >= 1/2 sum x[columns]' M x[columns], every M a diagonal.

    With u = sqrt(M) x this is  u'u <= 2 s, the second-order cone  ||(sqrt(2) u, a - b)|| <= a + b,  a = s / b, for any b > 0;
    b is the size of sqrt(M), so that both sides are of one size.
    """
    b = max(float(np.sqrt(q.M.max(initial=0.0))) for q in quadratics) or 1.0
    s = program.add_columns(1, lower=0.0)
    blocks: list[tuple[int, sp.sparray | Matrix, Indices]] = [(0, np.full((2, 1), 1.0 / b), s)]
    rows = 2
    for quadratic in quadratics:
        curved = np.flatnonzero(quadratic.M)
        blocks.append((rows, sp.diags_array(np.sqrt(2.0 * quadratic.M[curved])), quadratic.columns[curved]))
        rows += len(curved)
    sides = np.zeros(rows)
    sides[:2] = b, -b
    program.add_cone("second_order", blocks, sides, limit=limit)
    return s
