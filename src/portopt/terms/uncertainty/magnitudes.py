"""|w| inside a program: the weights themselves where nothing may be short, longs and shorts where something may."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.problem import Problem
from portopt.domain.program import Program
from portopt.terms.limits.long_only import LongOnly


def long_only(p: Problem) -> bool:
    """Whether the problem's own limits keep every weight at or above zero."""
    return any(isinstance(limit, LongOnly) and limit.slack == 0.0 for limit in p.limits)


def magnitudes(program: Program, p: Problem) -> tuple[Indices, ...]:
    """Columns of which the i-th of each add up to |w_i| wherever |w| has a price: (weights,) or (longs, shorts)."""
    if long_only(p):
        return (program.weights,)
    n = program.n_weights
    longs, shorts = program.add_columns(n, lower=0.0), program.add_columns(n, lower=0.0)
    split = sp.coo_array((np.repeat([1.0, -1.0, 1.0], n), (np.tile(np.arange(n), 3), np.arange(3 * n))), shape=(n, 3 * n))
    program.add_rows(split, np.concatenate([program.weights, longs, shorts]), 0.0, 0.0, limit="", relax=0.0)
    return longs, shorts


def priced_by(size: tuple[Indices, ...], c: Vector) -> tuple[Matrix, Indices]:
    """c'|w| as one row: (1, k) coefficients and the k columns they belong to.  c: (n,), zeros are left out."""
    kept = np.flatnonzero(c)
    return np.tile(c[kept], len(size))[None, :], np.concatenate([columns[kept] for columns in size])
