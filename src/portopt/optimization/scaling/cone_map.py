"""A second-order cone in its own columns: its matrix as what it is, and B1'B1, which a risk limit shares with the objective."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.program import Cone
from portopt.optimization.scaling.presolve import Scaled

FULL = 0.2  # of its entries: a matrix with more of them is kept as an array, a product with it costs a tenth
SMALL = 3_000  # so is one with so few entries in all
SAME = 1e-11


class ConeMap:
    """s = Bx + b, with B (r, c) on `columns` alone and B1 its rows after the first.

    B1'B1 = diag(diagonal) + (a dense block on columns[wide], of the rows `dense`).  first: (c,) the first row; single_first:
    whether it has one entry at most.
    multiple: where that block is such a multiple of the objective's own (the same Sigma), so that nobody need form it; else 0.
    """

    def __init__(self, cone: Cone, program: Scaled) -> None:
        B, M = cone.B, len(program.q)
        used = np.zeros(M, dtype=bool)
        used[B.indices] = True
        self.columns, self.b, self.size = np.flatnonzero(used), cone.b, M
        shape = (B.shape[0], len(self.columns))
        narrow = sp.csr_array((B.data, (np.cumsum(used) - 1)[B.indices], B.indptr), shape=shape)
        entries = np.diff(B.indptr)
        self.is_full = B.nnz > FULL * shape[0] * shape[1] or shape[0] * shape[1] < SMALL
        self.B: Any = narrow.toarray() if self.is_full else narrow
        self.BT: Any = self.B.T if self.is_full else sp.csr_array(narrow.T)
        self.first, self.diagonal = np.zeros(shape[1]), np.zeros(shape[1])
        self.first[narrow.indices[: entries[0]]] = B.data[: entries[0]]
        self.single_first = bool(entries[0] <= 1)
        # A triangular root has one row with a single entry: it belongs with the others.
        dense = entries > (0 if B.nnz > FULL * shape[0] * shape[1] else 1)
        dense[0] = False
        self.dense = np.flatnonzero(dense)
        of_dense = np.repeat(dense, entries)
        alone = ~of_dense
        alone[: entries[0]] = False
        if alone.any():
            np.add.at(self.diagonal, narrow.indices[alone], B.data[alone] ** 2)
        touched = np.zeros(shape[1], dtype=bool)
        touched[narrow.indices[of_dense]] = True
        self.wide = np.flatnonzero(touched)
        self.multiple = self._multiple(program) if len(self.dense) else 0.0

    def times(self, x: Vector) -> Vector:
        """B x."""
        return np.asarray(self.B @ x[self.columns])

    def back(self, z: Vector) -> Vector:
        """B'z, (M,)."""
        out = np.zeros(self.size)
        out[self.columns] = self.BT @ z
        return out

    def gram(self) -> Matrix:
        """The dense block of B1'B1."""
        W = self.rows()
        return np.asarray(W.T @ W)

    def rows(self) -> Matrix:
        """The dense rows of B1, on columns[wide]."""
        W = self.B[self.dense]
        W = W if len(self.wide) == W.shape[1] else W[:, self.wide]
        return np.asarray(W if self.is_full else W.toarray())

    def _multiple(self, program: Scaled) -> float:
        P = program.P
        if not np.array_equal(self.columns[self.wide], P.columns):
            return 0.0
        probe = np.zeros(len(self.columns))
        probe[self.wide] = np.cos(np.arange(1.0, len(self.wide) + 1.0))
        part = self.B @ probe
        keep = np.zeros(len(part))
        keep[self.dense] = part[self.dense]
        theirs, ours = P.block @ probe[self.wide], (self.BT @ keep)[self.wide]
        ratio = float(ours @ theirs / max(float(theirs @ theirs), 1e-300))
        return ratio if np.abs(ours - ratio * theirs).max() <= SAME * np.abs(ours).max() else 0.0


def cone_maps(program: Scaled) -> list[ConeMap]:
    """One a cone, made once a program: the solver and the polish share them."""
    if len(program._maps) != len(program.cones):
        program._maps[:] = [ConeMap(cone, program) for cone in program.cones]
    return list(program._maps)
