"""A set of free columns and held rows with the inverse that belongs to it, kept through single exchanges.

On the free columns F and the rows R that hold as equalities the optimality conditions are one linear system,

    K = [ P_FF  A_RF' ]
        [ A_RF   0    ]

Columns with curvature of their own alone (specific variances, factor exposures) are divided out, and the inverse of what
is left (hard columns and rows) is kept as an array: an exchange is one product with it and one update of rank one.
Sources: Markowitz (1987), chapter 8; Best (1996), parametric active sets; Niedermayer and Niedermayer (2010) for the updates.
"""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.domain.program import WIDE
from portopt.optimization.scaling.presolve import Scaled

FLAT = 1e-9  # a curvature below this part of the largest is not divided by
LARGEST = 6_000_000  # entries of A kept as an array
MOST_CORE = 700  # unknowns of the inverse kept, where it is kept through many steps
SINGULAR = 1e-7  # how far K times its inverse may be from one
SPARE = 32
SPARSE = 4  # a vector with fewer than a SPARSE-th of its entries is multiplied by its own rows alone


class Singular(Exception):
    """Dependent rows, or a free direction without curvature: the set determines no point."""


class TooWide(Exception):
    """Beyond LARGEST, or the most unknowns that are allowed."""


class Basis:
    """free (M,), on (r,): the set. Vectors of K's own size M + r are columns first, then rows, zero outside the set."""

    def __init__(self, program: Scaled, free: Mask, on: Mask, most: int = MOST_CORE) -> None:
        self.most = most
        self.M, self.r = len(program.q), len(program.row_lower)
        if self.M * self.r > LARGEST:
            raise TooWide
        self.A: Matrix = np.ascontiguousarray(program.A.toarray())
        self.diagonal, self.block, self.at = program.P.diagonal, program.P.block, program.P.columns
        largest = max(program.P.largest(), 1e-300)
        self.easy = (self.diagonal > FLAT * largest) & ~program.P.in_block()
        self.free, self.on = free.copy(), on.copy()
        self.any_easy = bool(self.easy.any())
        self.place = np.full(self.M, -1)
        self.place[self.at] = np.arange(len(self.at))
        self.everywhere = len(self.at) == self.M
        self.wide = len(self.at) > WIDE
        self.core: Indices = np.zeros(0, dtype=np.intp)
        self.C: Matrix = np.zeros((0, 0))
        self._room: Matrix = self.C
        self.h_inverse = np.zeros(self.M)
        self.factor()

    def factor(self) -> None:
        """The inverse from scratch. Raises Singular and TooWide."""
        hard, rows = np.flatnonzero(self.free & ~self.easy), np.flatnonzero(self.on)
        h, s = len(hard), len(hard) + len(rows)
        if s > self.most:
            raise TooWide
        self.h_inverse = np.where(self.free & self.easy, 1.0 / np.where(self.easy, self.diagonal, 1.0), 0.0)
        K = np.zeros((s, s))
        K[:h, :h] = self._curvature(hard)
        K[h:, :h] = self.A[np.ix_(rows, hard)]
        K[:h, h:] = K[h:, :h].T
        if self.any_easy:
            A = self.A[rows]
            K[h:, h:] = -(A * self.h_inverse) @ A.T
        self.core = np.concatenate([hard, rows + self.M])
        try:
            self._settle_in(np.asarray(np.linalg.inv(K), dtype=np.float64))
        except np.linalg.LinAlgError:
            raise Singular from None
        if s and not float(np.abs(K @ self.C - np.eye(s)).max()) <= SINGULAR:
            raise Singular

    def times(self, v: Vector) -> tuple[Vector, Vector]:
        """(P v_x + A'v_y (M,), A v_x (r,)) of v (M + r,)."""
        x, y = v[: self.M], v[self.M :]
        top = self.diagonal * x + y @ self.A
        if len(self.at):
            part = x if self.everywhere else x[self.at]
            chosen = part.nonzero()[0] if self.wide else part
            few = self.wide and SPARSE * len(chosen) < len(part)
            inner = part[chosen] @ self.block[chosen] if few else self.block @ part
            if self.everywhere:
                top += inner
            else:
                top[self.at] += inner
        return top, self.A @ x

    def column(self, i: int) -> Vector:
        """(M + r,) column i of the whole K."""
        out = np.zeros(self.M + self.r)
        if i >= self.M:
            out[: self.M] = self.A[i - self.M]
            return out
        out[self.M :] = self.A[:, i]
        if self.place[i] >= 0:
            out[self.at] = self.block[self.place[i]]
        out[i] += self.diagonal[i]
        return out

    def solve(self, right: Vector) -> Vector:
        """K v = right on the set; entries of `right` outside it are not looked at."""
        M, v = self.M, np.zeros(self.M + self.r)
        if not self.any_easy:
            v[self.core] = self.C @ right[self.core]
            return v
        over = self.h_inverse * right[:M]
        shifted = right.copy()
        shifted[M:] -= self.A @ over
        v[self.core] = self.C @ shifted[self.core]
        v[:M] += over - self.h_inverse * (v[M:] @ self.A)
        return v

    def unit(self, i: int) -> Vector:
        """K v = e_i on the set."""
        right = np.zeros(self.M + self.r)
        right[i] = 1.0
        return self.solve(right)

    def enter(self, i: int, v: Vector, pivot: float) -> None:
        """i joins the set. v: what solve(column(i)) gave; pivot: K_ii less K_iS v, not zero."""
        part = v[self.core]
        scaled = part / pivot
        self.C += np.multiply.outer(part, scaled)
        if i < self.M and self.easy[i]:
            self.h_inverse[i] = 1.0 / self.diagonal[i]
        else:
            s = len(self.core)
            if s + 1 > self.most:
                raise TooWide
            if s + 1 > len(self._room):
                self._settle_in(self.C)
            self.C = self._room[: s + 1, : s + 1]
            self.C[s, :s] = self.C[:s, s] = -scaled
            self.C[s, s] = 1.0 / pivot
            self.core = np.append(self.core, i)
        self._mark(i, True)

    def leave(self, i: int, v: Vector) -> None:
        """i leaves the set. v: what unit(i) gave, v[i] not zero."""
        part, pivot = v[self.core], float(v[i])
        self.C -= np.multiply.outer(part, part / pivot)
        if i < self.M and self.easy[i]:
            self.h_inverse[i] = 0.0
        else:
            # The last one takes the place of the one that leaves.
            at, s = int((self.core == i).argmax()), len(self.core) - 1
            self.C[at] = self.C[s]
            self.C[:, at] = self.C[:, s]
            self.core[at] = self.core[s]
            self.C, self.core = self.C[:s, :s], self.core[:s]
        self._mark(i, False)

    def exchange(self, entering: int, leaving: int) -> None:
        """Both at once, where the set between them would be singular."""
        self._mark(entering, not self._has(entering))
        self._mark(leaving, not self._has(leaving))
        self.factor()

    def copy(self) -> Basis:
        other = object.__new__(Basis)
        other.__dict__.update(self.__dict__)
        for name in ("free", "on", "core", "h_inverse"):
            setattr(other, name, getattr(self, name).copy())
        other._settle_in(self.C)
        return other

    def _settle_in(self, C: Matrix) -> None:
        """C into an array with room to grow: exchanges then copy nothing."""
        s = len(C)
        self._room = np.empty((s + SPARE, s + SPARE))
        self.C = self._room[:s, :s]
        self.C[:] = C

    def _has(self, i: int) -> bool:
        return bool(self.free[i] if i < self.M else self.on[i - self.M])

    def _mark(self, i: int, there: bool) -> None:
        if i < self.M:
            self.free[i] = there
        else:
            self.on[i - self.M] = there

    def _curvature(self, hard: Indices) -> Matrix:
        out = np.zeros((len(hard), len(hard)))
        inside = np.flatnonzero(self.place[hard] >= 0)
        where = self.place[hard[inside]]
        out[np.ix_(inside, inside)] = self.block[np.ix_(where, where)]
        out.flat[:: len(hard) + 1] += self.diagonal[hard]
        return out
