"""All cones of a form as one matrix: a thousand logarithms are a thousand cones of three rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.domain.program import StandardForm


@dataclass(frozen=True, slots=True, eq=False)
class StackedCones:
    """B (d, N), b (d,): the rows of every cone below each other; starts (K + 1,): where each begins."""

    B: sp.csr_array
    b: Vector
    starts: Indices

    @classmethod
    def of(cls, form: StandardForm) -> StackedCones:
        cones = form.cones
        starts = np.concatenate([[0], np.cumsum([len(cone.b) for cone in cones], dtype=np.intp)]).astype(np.intp)
        if len(cones) == 1:
            return cls(cones[0].B, cones[0].b, starts)
        if not cones:
            return cls(sp.csr_array((0, form.n_columns)), np.zeros(0), starts)
        parts = [(cone.B.data, cone.B.indices, cone.B.indptr) for cone in cones]
        ends = np.concatenate([[0], np.cumsum([len(data) for data, _, _ in parts])])
        indptr = np.concatenate([[0], *(rows[1:] + end for (_, _, rows), end in zip(parts, ends[:-1], strict=True))])
        B = sp.csr_array(
            (np.concatenate([data for data, _, _ in parts]), np.concatenate([at for _, at, _ in parts]), indptr),
            shape=(int(starts[-1]), form.n_columns),
        )
        return cls(B, np.concatenate([cone.b for cone in cones]), starts)

    def entries(self, x: Vector) -> Vector:
        """(d,) B x + b."""
        return np.asarray(self.B @ x + self.b)

    def split(self, values: Vector) -> list[Vector]:
        """One array a cone."""
        return [values[i:k] for i, k in zip(self.starts[:-1], self.starts[1:], strict=True)]

    def pulled(self, z: Sequence[Vector]) -> Vector:
        """(N,) sum over the cones of B'z."""
        return np.asarray(np.concatenate([np.zeros(0), *z]) @ self.B)

    def products(self, z: Sequence[Vector], entries: Vector) -> Vector:
        """(K,) z'(B x + b) of every cone."""
        if not z:
            return np.zeros(0)
        return np.asarray(np.add.reduceat(np.concatenate(z) * entries, self.starts[:-1]))
