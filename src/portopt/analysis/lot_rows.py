"""The rows of a program that are lots: what they pull at a weight or a trade is the tax on selling it."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm

NONE = np.zeros(0, dtype=np.intp)


def lot_rows(problem: Problem, form: StandardForm) -> Indices:
    """Rows without a limit that sum up lots, net their gains, or switch between selling and buying; ascending."""
    sold = _sold(problem, form)
    if not len(sold):
        return NONE
    nobodys = np.concatenate([np.arange(g.start, g.stop) for g in form.row_groups if not g.limit])
    own = _touching(form, nobodys, sold)
    helpers = np.setdiff1d(form.A[own].indices, _of_trades(form, nobodys))
    return _touching(form, nobodys, helpers[helpers >= form.n_weights])


def tax_pulls(form: StandardForm, rows: Indices, multipliers: Vector) -> Vector:
    """(N,) what they pull at weights, and at buys and sells, which hand it on."""
    pull = -np.asarray(form.A[rows].T @ multipliers[rows])
    nobodys = np.concatenate([np.arange(g.start, g.stop) for g in form.row_groups if not g.limit])
    reaches = np.arange(form.n_columns) < form.n_weights
    reaches[_of_trades(form, nobodys)] = True
    return np.where(reaches, pull, 0.0)


def _sold(problem: Problem, form: StandardForm) -> Indices:
    """The columns that sell lots: those that are bounded by the weights of lots and by no limit."""
    lots = problem.lots
    for g in form.bound_groups if lots is not None else ():
        at = slice(g.start, g.stop)
        if lots is not None and not g.limit and np.array_equal(form.bound_upper[at], lots.weight):
            return form.bound_columns[at]
    return NONE


def _of_trades(form: StandardForm, rows: Indices) -> Indices:
    """Helpers that are told by a weight: buys and sells."""
    equal = rows[form.row_lower[rows] == form.row_upper[rows]]
    A = form.A[equal]
    weights = A[:, : form.n_weights]
    holds = np.diff(weights.indptr) == 1
    columns = np.unique(A[np.flatnonzero(holds)].indices)
    return columns[columns >= form.n_weights]


def _touching(form: StandardForm, rows: Indices, columns: Indices) -> Indices:
    """Of the rows those with an entry in one of the columns."""
    marked = np.zeros(form.n_columns)
    marked[columns] = 1.0
    A = abs(form.A[rows])
    return rows[np.asarray(A @ marked) > 0.0]
