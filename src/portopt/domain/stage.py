"""One period of a program of several: a builder whose weights are some of the columns of a larger one.

A term speaks to it as to any program. Columns below n are the weights of this stage, whatever column they stand in; further
columns belong to the whole program. Trades are measured from the stage before.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.covariance import Covariance
from portopt.domain.program import ConeKind, Program


class Stage(Program):
    """`whole` seen from one period. columns: (n,) its weights; before: (n,) those of the period before, None for the first."""

    __slots__ = ("_before", "_columns", "_label", "_whole")

    def __init__(self, whole: Program, columns: Indices, before: Indices | None, label: str) -> None:
        self._whole, self._columns, self._before, self._label = whole, columns, before, label
        self.n_weights = len(columns)
        self._shared = {}

    @property
    def n_columns(self) -> int:  # type: ignore[override]
        return self._whole.n_columns

    @property
    def constant(self) -> float:
        return self._whole.constant

    @constant.setter
    def constant(self, value: float) -> None:
        self._whole.constant = value

    @property
    def weights(self) -> Indices:
        return self._columns

    def add_columns(self, count: int, *, lower: float = -np.inf, upper: float = np.inf, integer: bool = False) -> Indices:
        return self._whole.add_columns(count, lower=lower, upper=upper, integer=integer)

    def add_rows(
        self,
        A: sp.sparray | Matrix,
        columns: Indices,
        lower: Vector | float,
        upper: Vector | float,
        *,
        limit: str,
        members: Sequence[str] | None = None,
        relax: Vector | float = 1.0,
    ) -> None:
        self._whole.add_rows(A, self._there(columns), lower, upper, limit=self._named(limit), members=members, relax=relax)

    def add_bounds(
        self,
        columns: Indices,
        lower: Vector | float,
        upper: Vector | float,
        *,
        limit: str,
        members: Sequence[str] | None = None,
        relax: Vector | float = 1.0,
    ) -> None:
        self._whole.add_bounds(self._there(columns), lower, upper, limit=self._named(limit), members=members, relax=relax)

    def add_cone(
        self,
        kind: ConeKind,
        blocks: Sequence[tuple[int, sp.sparray | Matrix, Indices]],
        b: Vector,
        *,
        limit: str,
        member: str | None = None,
        relax: Vector | None = None,
        alpha: float = 0.5,
    ) -> None:
        there = [(first, matrix, self._there(columns)) for first, matrix, columns in blocks]
        self._whole.add_cone(kind, there, b, limit=self._named(limit), member=member, relax=relax, alpha=alpha)

    def add_hinges(
        self, A: Matrix, columns: Indices, b: Vector | float, cost: Vector | float = 0.0, *, limit: str = ""
    ) -> Indices:
        return self._whole.add_hinges(A, self._there(columns), b, cost, limit=self._named(limit))

    def add_quadratic(self, columns: Indices, M: Matrix, times: float = 1.0) -> None:
        self._whole.add_quadratic(self._there(columns), M, times)

    def add_linear(self, columns: Indices, c: Vector | float) -> None:
        self._whole.add_linear(self._there(columns), c)

    def _tie_factors(self, covariance: Covariance, G: Matrix, y: Indices) -> None:
        """The rows of this period's own weights, wherever they stand."""
        block = np.hstack([G.T, -np.eye(len(y))])
        self.add_rows(block, np.concatenate([self.weights, y]), 0.0, 0.0, limit="", relax=0.0)

    def trade_columns(self, w_prev: Vector) -> tuple[Indices, Indices]:
        """Buys and sells since the period before; since `w_prev` for the first."""
        if "trades" not in self._shared:
            n = self.n_weights
            buys, sells = self.add_columns(n, lower=0.0), self.add_columns(n, lower=0.0)
            columns = [self._columns, buys, sells, *(() if self._before is None else (self._before,))]
            signs = (1.0, -1.0, 1.0, -1.0)[: len(columns)]
            block = sp.hstack([sign * sp.eye_array(n) for sign in signs]).tocoo()
            start = w_prev if self._before is None else np.zeros(n)
            self._whole.add_rows(block, np.concatenate(columns), start, start, limit="", relax=0.0)
            self._shared["trades"] = (buys, sells)
        buys, sells = self._shared["trades"]
        return buys, sells

    def _there(self, columns: Indices) -> Indices:
        """Where these columns stand in the whole program."""
        columns = np.asarray(columns)
        return np.where(columns < self.n_weights, self._columns[np.minimum(columns, self.n_weights - 1)], columns)

    def _named(self, limit: str) -> str:
        return f"{limit}@{self._label}" if limit else ""
