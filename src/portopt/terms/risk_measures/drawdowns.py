"""Drawdowns of uncompounded cumulative returns: what every drawdown measure shares.

    c_t = r_1'w + ... + r_t'w,  c_0 = 0;     d_t = max(c_0, ..., c_t) - c_t

Sums of simple returns, not products: linear in w, so that drawdowns are convex; a fall of d_t is a fraction of the value at
the start. The first peak is the start itself. In the program Lindley's recursion says the same in one row a period:

    d_t >= d_{t-1} - r_t'w,   d_t >= 0,   d_0 = 0

The scenarios are read as a path, in their order; where measures average over dates they use the scenarios' probabilities.
Source: Chekhlov, Uryasev and Zabarankin (2005); Lindley (1952) for the recursion.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Matrix, Vector
from portopt.domain.problem import Problem
from portopt.domain.program import INF, Program
from portopt.terms.risk_measures.scenarios import GROSS


def drawdowns(w: Vector, p: Problem) -> Vector:
    """(T,) d_t at the end of every period."""
    R, _ = p.scenarios()
    cumulative = np.cumsum(R @ w)
    return np.asarray(np.maximum.accumulate(np.maximum(cumulative, 0.0)) - cumulative)


def slopes(w: Vector, p: Problem, at: Indices) -> Matrix:
    """(len(at), n) rows g_t with g_t'w = d_t: minus the returns since the peak, added up."""
    R, _ = p.scenarios()
    path = np.vstack([np.zeros(R.shape[1]), np.cumsum(R, axis=0)])
    cumulative = path @ w
    is_peak = cumulative >= np.maximum.accumulate(cumulative)
    peak = np.maximum.accumulate(np.where(is_peak, np.arange(len(path)), 0))
    return np.asarray(path[peak[at + 1]] - path[at + 1])


def drawdown_columns(program: Program, p: Problem) -> tuple[Indices, float]:
    """Columns d (T,) and the largest value any of them is given room for."""
    R, _ = p.scenarios()
    T = len(R)
    path = np.vstack([np.zeros(R.shape[1]), np.cumsum(R, axis=0)])
    most = GROSS * max(float(np.ptp(path, axis=0).max(initial=0.0)), 1e-6)
    d = program.add_columns(T, lower=0.0, upper=most)
    recursion = sp.eye_array(T) - sp.eye_array(T, k=-1)
    block = sp.hstack([sp.coo_array(R), recursion]).tocoo()
    program.add_rows(block, np.concatenate([program.weights, d]), 0.0, INF, limit="", relax=0.0)
    return d, most


def of_the_path(periods_per_year: float | None) -> str:
    """How a drawdown says what it is measured on."""
    every = "" if periods_per_year is None else f", {periods_per_year:g} periods a year"
    return f"of uncompounded cumulative returns{every}"
