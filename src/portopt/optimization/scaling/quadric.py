"""1/2 x'Px kept as what it is: a diagonal and one dense block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.domain.program import WIDE, Quadratic


@dataclass(frozen=True, slots=True)
class Quadric:
    """P = diag(diagonal) + block on `columns`.  diagonal: (M,); block: (c, c), c = 0 where there is none.

    riskless: how many columns a covariance had besides, such as cash: without variance they are none of the block's.
    """

    diagonal: Vector
    columns: Indices
    block: Matrix
    riskless: int = 0

    @classmethod
    def of(cls, quadratics: Sequence[Quadratic], size: int) -> Quadric:
        """Diagonals add up; dense blocks do where they share their columns, and meet on the union where they do not.

        What has no variance, such as cash, is no column of the block: a risk limit knows its own Sigma again.
        """
        diagonal = np.zeros(size)
        dense: list[Quadratic] = []
        riskless = 0
        for part in quadratics:
            if part.M.ndim == 1:
                diagonal[part.columns] += part.M
            else:
                dense.append(_without_riskless(part))
                riskless = max(riskless, len(part.columns) - len(dense[-1].columns))
        if not dense:
            return cls(diagonal, np.zeros(0, dtype=np.intp), np.zeros((0, 0)))
        if len(dense) == 1:
            return cls(diagonal, dense[0].columns, dense[0].M, riskless)
        columns = np.unique(np.concatenate([part.columns for part in dense]))
        block = np.zeros((len(columns), len(columns)))
        for part in dense:
            at = np.searchsorted(columns, part.columns)
            block[np.ix_(at, at)] += part.M
        return cls(diagonal, columns, block, riskless)

    def reduced(self, kept: Indices) -> Quadric:
        """The same on the columns kept, renumbered."""
        place = np.full(len(self.diagonal), -1)
        place[kept] = np.arange(len(kept))
        inside = place[self.columns] >= 0
        block = self.block if inside.all() else self.block[np.ix_(inside, inside)]
        return Quadric(self.diagonal[kept], place[self.columns[inside]], block, self.riskless)

    def scaled(self, columns: Vector, factor: float) -> Quadric:
        """factor * diag(columns) P diag(columns)."""
        c = columns[self.columns]
        block = self.block if np.all(c == 1.0) else self.block * c[:, None] * c
        return Quadric(
            self.diagonal * columns**2 * factor, self.columns, block if factor == 1.0 else block * factor, self.riskless
        )

    @property
    def is_zero(self) -> bool:
        return not (self.diagonal.any() or self.block.any())

    @property
    def is_dense(self) -> bool:
        """Whether the block, with what is riskless beside it, covers a third of the columns or more: trades are two thirds."""
        return 3 * (len(self.columns) + self.riskless) >= len(self.diagonal) > 0

    def largest(self) -> float:
        # A positive semidefinite matrix has its largest entry on its diagonal.
        on_block = np.diagonal(self.block).max(initial=0.0)
        return float(max(self.diagonal.max(initial=0.0), on_block))

    def times(self, x: Vector) -> Vector:
        """P x."""
        out = self.diagonal * x
        if len(self.columns):
            part = x[self.columns]
            held = part.nonzero()[0] if len(part) > WIDE else self.columns
            # A portfolio holds few of many assets: its own rows of the block are read in a fraction of the time of all.
            few = 4 * len(held) < len(part)
            out[self.columns] += part[held] @ self.block[held] if few else self.block @ part
        return out

    def sub(self, chosen: Indices, own: float = 1.0) -> Matrix:
        """P[chosen, chosen] as an array, its dense block `own` times."""
        out = np.zeros((len(chosen), len(chosen)))
        if len(self.columns):
            place = np.full(len(self.diagonal), -1)
            place[self.columns] = np.arange(len(self.columns))
            at = place[chosen]
            inside = np.flatnonzero(at >= 0)
            if len(inside) == len(chosen):
                out = self.block[np.ix_(at, at)]
            else:
                out[np.ix_(inside, inside)] = self.block[np.ix_(at[inside], at[inside])]
        if own != 1.0:
            out *= own
        out.flat[:: len(chosen) + 1] += self.diagonal[chosen]
        return out

    def in_block(self) -> Mask:
        """(M,) which columns the dense block touches."""
        mask = np.zeros(len(self.diagonal), dtype=bool)
        mask[self.columns] = True
        return mask

    def array(self) -> Matrix:
        """(M, M), column-major."""
        out = np.zeros((len(self.diagonal), len(self.diagonal)), order="F")
        if len(self.columns):
            out[np.ix_(self.columns, self.columns)] = self.block
        out.flat[:: len(self.diagonal) + 1] += self.diagonal
        return out

    def csc(self, *, upper: bool = False) -> sp.csc_matrix:
        """(M, M) sparse, the whole or its upper triangle, with 32-bit indices as the solvers want them."""
        size, c = len(self.diagonal), len(self.columns)
        on = np.flatnonzero(self.diagonal)
        rows, cols, data = [on], [on], [self.diagonal[on]]
        if c:
            r, k = np.triu_indices(c) if upper else np.indices((c, c)).reshape(2, -1)
            r_at, k_at = self.columns[r], self.columns[k]
            rows.append(np.minimum(r_at, k_at) if upper else r_at)
            cols.append(np.maximum(r_at, k_at) if upper else k_at)
            data.append(self.block[r, k])
        out = sp.csc_matrix((np.concatenate(data), (np.concatenate(rows), np.concatenate(cols))), shape=(size, size))
        out.sort_indices()
        return out


def _without_riskless(part: Quadratic) -> Quadratic:
    riskless = np.diagonal(part.M) == 0.0
    if not riskless.any() or part.M[riskless].any():
        return part
    kept = np.flatnonzero(~riskless)
    return Quadratic(part.columns[kept], part.M[np.ix_(kept, kept)])
