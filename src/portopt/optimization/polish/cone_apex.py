"""A cone whose apex is the answer: a soft tracking error of zero that can be kept, a hard one of zero.

There Bx + b = 0, the cone has no tangent, and its multiplier may be any point of the dual cone. So the polish is given
those rows as equalities, with multipliers -z, and afterwards z is asked whether it lies in the dual cone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.optimization.scaling.presolve import Scaled, SolverAnswer

NEAR = 1e-3  # of a cone of size one: farther from the apex it is not tried
OUTSIDE = 1e-10  # of a multiplier's size


@dataclass(frozen=True, slots=True)
class Flattened:
    """program: the original with the cones `at` replaced by rows. rows: for each of them, which of its rows those are."""

    original: Scaled
    program: Scaled
    at: Indices
    rows: tuple[Indices, ...]

    def lowered(self, answer: SolverAnswer) -> SolverAnswer:
        """An answer to the original as one to the flattened program."""
        if answer.y is None:
            return answer
        kept = tuple(z for k, z in enumerate(answer.z) if k not in set(self.at))
        parts = [-answer.z[k][rows] for k, rows in zip(self.at, self.rows, strict=True)]
        return replace(answer, y=np.concatenate([answer.y, *parts]), z=kept)

    def lifted(self, answer: SolverAnswer) -> SolverAnswer | None:
        """The opposite way; None where a multiplier lies outside its dual cone: its apex is not the answer."""
        if answer.y is None:
            return None
        m = len(self.original.row_lower)
        z, after, kept = [], m, iter(answer.z)
        found = dict(zip(self.at.tolist(), self.rows, strict=True))
        for k, cone in enumerate(self.original.cones):
            if k not in found:
                z.append(next(kept))
                continue
            part = np.zeros(len(cone.b))
            part[found[k]] = -answer.y[after : after + len(found[k])]
            after += len(found[k])
            norm = float(np.linalg.norm(part[1:]))
            if 0 not in found[k]:  # nothing moves the first row: any multiplier that is large enough will do
                part[0] = norm
            if norm > part[0] * (1.0 + OUTSIDE):
                return None
            z.append(part)
        return replace(answer, y=answer.y[:m], z=tuple(z))


def flattened(program: Scaled, answer: SolverAnswer) -> Flattened | None:
    """The program with every cone flattened that the answer has at its apex; None where there is none."""
    if answer.x is None:
        return None
    at = [k for k, cone in enumerate(program.cones) if float(np.linalg.norm(cone.B @ answer.x + cone.b)) <= NEAR]
    if not at:
        return None
    rows = tuple(np.flatnonzero(np.diff(program.cones[k].B.indptr)) for k in at)
    if any(0 not in own and program.cones[k].b[0] != 0.0 for k, own in zip(at, rows, strict=True)):
        return None
    A = sp.csr_array(sp.vstack([program.A, *(program.cones[k].B[own] for k, own in zip(at, rows, strict=True))]))
    sides = [-program.cones[k].b[own] for k, own in zip(at, rows, strict=True)]
    kept = tuple(cone for k, cone in enumerate(program.cones) if k not in set(at))
    lower, upper = _joined(program.row_lower, sides), _joined(program.row_upper, sides)
    return Flattened(program, replace(program, A=A, row_lower=lower, row_upper=upper, cones=kept), np.array(at), rows)


def _joined(first: Vector, more: Sequence[Vector]) -> Vector:
    return np.concatenate([first, *more])
