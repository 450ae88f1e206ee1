"""What a gap or a residual is large or small against: the objective, its parts, what is held."""

from __future__ import annotations

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.program import StandardForm

CANCELLED = 1e-4  # of the parts of an objective: what is left of them is no less
VANISHED = 1e-6  # of a single asset's half variance: a volatility of two basis points
TINY = float(np.finfo(float).tiny)


def objective_scale(form: StandardForm, x: Vector, Px: Vector | None = None) -> float:
    """What the gap is relative to: |f|, or the excess return of a ratio.

    Where f nearly cancels (a tracking error near zero, a utility of zero) a ten-thousandth of the size of its parts keeps the
    figure above what rounds. Where those vanish too (the least variance is all cash) there is nothing to be relative to but
    half the variance of a single asset that is held; for a linear program that is worth nothing (no turnover, no cost), a
    hundredth of its largest coefficient.
    x: (N,) every column of the form. Px: (N,) P x, where it is known.
    """
    if form.ratio:
        return abs(float(form.q @ x) + form.constant)
    Px = form.P_times(x) if Px is None else Px
    own = max(abs(form.objective(x, Px)), CANCELLED * size_of_parts(form, x, Px))
    single = 0.5 * typical_curvature(form, x)
    if not form.quadratics:
        single = float(np.abs(form.q).max(initial=0.0)) / 100.0
    return own if own > VANISHED * single else single


def typical_curvature(form: StandardForm, x: Vector) -> float:
    """The mean of P's positive diagonal over the weights, by how much is held of each, a variance; 0.0 for a linear program.

    What nobody holds does not count: one asset at 500 % volatility would otherwise stand for all. Where what is held has no
    variance, the median. In factor form only the specific variances: a smaller, so a stricter, yardstick. Where no weight
    has any (shortfalls squared, factors without specific risk), what the helper columns make of it: `_helpers_curvature`.
    x: (N,) every column of the form.
    """
    diagonal = np.zeros(form.n_columns)
    for block in form.quadratics:
        np.add.at(diagonal, block.columns, block.diagonal)
    diagonal = diagonal[: form.n_weights]
    if not (diagonal > 0.0).any():
        return _helpers_curvature(form)
    held = np.where(diagonal > 0.0, np.abs(x[: form.n_weights]), 0.0)
    total = float(held.sum())
    return float(held @ diagonal) / total if total > 0.0 else float(np.median(diagonal[diagonal > 0.0]))


def _helpers_curvature(form: StandardForm) -> float:
    """sum_j P_jj (A_ri / A_rj)^2, meaned over the weights i: what helper columns j, each by its row r, make of one asset."""
    curvature = np.zeros(form.n_columns)
    for block in form.quadratics:
        np.add.at(curvature, block.columns, block.diagonal)
    A, row_of = form.A, np.repeat(np.arange(form.A.shape[0]), np.diff(form.A.indptr))
    on_weights = np.bincount(row_of, np.where(form.n_weights > A.indices, A.data**2, 0.0), A.shape[0])
    helps = np.flatnonzero((form.n_weights <= A.indices) & (curvature[A.indices] > 0.0) & (A.data != 0.0))
    each = np.zeros(form.n_columns)
    np.maximum.at(each, A.indices[helps], on_weights[row_of[helps]] / A.data[helps] ** 2)
    return float(curvature @ each) / form.n_weights


def size_of_parts(form: StandardForm, x: Vector, Px: Vector) -> float:
    """1/2 x'Px + sum |q_j x_j| + |constant|.

    x, Px: (N,) every column of the form, and P times them.
    """
    return 0.5 * abs(float(x @ Px)) + float(np.abs(form.q) @ np.abs(x)) + abs(form.constant)
