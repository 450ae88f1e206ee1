"""The homogenized program of a ratio: y = kappa x, the numerator a constant (Charnes and Cooper 1962, Schaible 1974)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.domain.program import Cone, Group, StandardForm
from portopt.domain.solution import Duals
from portopt.optimization.scaling.presolve import spread

INF = float("inf")
# Cash at the risk-free rate can be mixed into the best portfolio without changing its ratio. A price on kappa too small to
# move anything else keeps kappa from running away.
LEAST_CASH = 1e-6  # of the largest variance


@dataclass(frozen=True, slots=True)
class Homogenized:
    """The program in (y, kappa) and where each of its rows came from.

    rows: (m',) the row of the original form, or -1. columns: (m',) the column whose bound a row is, or -1.
    The last row is the numerator.
    """

    form: StandardForm
    rows: Indices
    columns: Indices


def homogenized(form: StandardForm, numerator: float, variance: float) -> Homogenized:
    """Every side that is not zero becomes a row with kappa in it; sides at zero stay what they are.

    numerator: what the excess return of y is set to: kappa is near one when it is near the answer's own, and solvers work
    best there. variance: the largest single one, the scale of the objective.
    """
    N = form.n_columns
    lower, upper = form.box()
    A, low, high, rows, columns = [], [], [], [], []

    def add(block: sp.csr_array, side: Vector, lo: float, hi: float, row: Indices, column: Indices) -> None:
        if len(side):
            A.append(sp.hstack([block, sp.csr_array(-side[:, None])]))
            low.append(np.full(len(side), lo))
            high.append(np.full(len(side), hi))
            rows.append(row)
            columns.append(column)

    nowhere = np.full(max(N, form.A.shape[0]), -1)
    equal = form.row_lower == form.row_upper
    for side, lo, hi, which in (
        (form.row_upper, 0.0, 0.0, equal),
        (form.row_upper, -INF, 0.0, ~equal & (form.row_upper < INF)),
        (form.row_lower, 0.0, INF, ~equal & (form.row_lower > -INF)),
    ):
        r = np.flatnonzero(which)
        add(form.A[r], side[r], lo, hi, r, nowhere[: len(r)])
    eye = sp.eye_array(N, format="csr")
    for side, lo, hi in ((upper, -INF, 0.0), (lower, 0.0, INF)):
        c = np.flatnonzero(np.isfinite(side) & (side != 0.0))
        add(eye[c], side[c], lo, hi, nowhere[: len(c)], c)
    add(sp.csr_array(-form.q[None, :]), np.array([form.constant]), numerator, numerator, nowhere[:1], nowhere[:1])
    zero_low, zero_high = np.flatnonzero(lower == 0.0), np.flatnonzero(upper == 0.0)
    bound_columns = np.concatenate([zero_low, zero_high, [N]])
    m, k = sum(len(side) for side in low), len(bound_columns)
    lifted = StandardForm(
        n_weights=form.n_weights,
        n_columns=N + 1,
        quadratics=form.quadratics,
        q=np.append(np.zeros(N), LEAST_CASH * variance),
        constant=0.0,
        A=sp.csr_array(sp.vstack(A)),
        row_lower=np.concatenate(low),
        row_upper=np.concatenate(high),
        row_relax=np.zeros(m),
        row_groups=(Group(0, m, ""),),
        bound_columns=bound_columns,
        bound_lower=np.concatenate([np.zeros(len(zero_low)), np.full(len(zero_high), -INF), [0.0]]),
        bound_upper=np.concatenate([np.full(len(zero_low), INF), np.zeros(len(zero_high)), [INF]]),
        bound_relax=np.zeros(k),
        bound_groups=(Group(0, k, ""),),
        cones=tuple(
            Cone(c.kind, sp.csr_array(sp.hstack([c.B, sp.csr_array(c.b[:, None])])), np.zeros(len(c.b)), alpha=c.alpha)
            for c in form.cones
        ),
        integer=np.zeros(N + 1, dtype=bool),
        until=form.until,
    )
    return Homogenized(lifted, np.concatenate(rows), np.concatenate(columns))


def utility_duals(form: StandardForm, lifted: Homogenized, duals: Duals) -> Duals:
    """Py + A'u + t + nu q = 0 divided by nu: multipliers of the utility program at gamma = kappa / nu."""
    u = duals.rows
    nu = -float(u[-1])
    y = np.zeros(form.A.shape[0])
    of_rows, of_columns = lifted.rows >= 0, lifted.columns >= 0
    np.add.at(y, lifted.rows[of_rows], u[of_rows])
    t = np.zeros(form.n_columns)
    np.add.at(t, lifted.columns[of_columns], u[of_columns])
    kept = lifted.form.bound_columns[:-1]
    np.add.at(t, kept, duals.bounds[:-1])
    return Duals(y / nu, spread(form, t / nu), tuple(z / nu for z in duals.cones))
