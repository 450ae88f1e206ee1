"""What a solver is given: no free rows, no fixed columns, everything scaled; and the way back.

Solvers stop at absolute tolerances. On an unscaled daily covariance those once accepted an answer 2 % above the
optimum, so rows, helper columns and the objective are brought to size one first, and multipliers are carried back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.program import Cone, StandardForm
from portopt.domain.solution import Duals, RawAnswer, SolveStatus
from portopt.optimization.scaling.quadric import Quadric
from portopt.optimization.scaling.sizes import calm, equilibrated, scaled_cones, times

INF = float("inf")
CROSSING = 1e-11  # bounds that cross by less are one value that was rounded twice


@dataclass(frozen=True, slots=True)
class Scaled:
    """The reduced, scaled program: minimize 1/2 x'Px + q'x, row_lower <= Ax <= row_upper, lower <= x <= upper, cones.

    M columns and r rows are left. P: (M, M). A: (r, M) sparse.
    columns, rows: (M,), (r,) where they stand in the form. column_scale, row_scale, objective_scale: scaled quantities
    are x / column_scale, row * row_scale, objective * objective_scale. x_fixed: (N,) values of the columns left out.
    wanted: (M,) False for columns that only pay for a soft limit.
    """

    form: StandardForm
    P: Quadric
    q: Vector
    A: sp.csr_array
    row_lower: Vector
    row_upper: Vector
    lower: Vector
    upper: Vector
    cones: tuple[Cone, ...]
    integer: Mask
    columns: Indices
    rows: Indices
    column_scale: Vector
    row_scale: Vector
    objective_scale: float
    x_fixed: Vector
    cone_scale: Vector = field(default_factory=lambda: np.zeros(0))
    wanted: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))
    _maps: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)  # see cone_map.py; made once


@dataclass(frozen=True, slots=True)
class Basis:
    """Where every column (M,) and row (r,) stands: -1 at its lower side, 1 at its upper, 0 basic, 2 free and not basic."""

    columns: Vector
    rows: Vector


@dataclass(frozen=True, slots=True)
class SolverAnswer:
    """What a solver said about a Scaled program. x (M,), y (r,) row and t (M,) box multipliers, z one array a cone.

    movable: (M,) of a polished answer, the columns that neither a bound nor a row alone holds in place.
    basis: of a simplex answer. theta: of a ratio, where it stands (ratio_gamma.py).
    """

    status: SolveStatus
    solver: str
    iterations: int = 0
    x: Vector | None = None
    y: Vector | None = None
    t: Vector | None = None
    z: tuple[Vector, ...] = ()
    mip_gap: float | None = None
    message: str = ""
    movable: Mask | None = None
    basis: Basis | None = None
    theta: float = 1.0


def crossing(form: StandardForm) -> str:
    """Which row or column has a lower side above its upper one; "" when none."""
    lower, upper = form.box()
    bad = np.flatnonzero(lower > upper + CROSSING)
    if len(bad):
        return f"column {bad[0]} would have to be at least {lower[bad[0]]:.6g} and at most {upper[bad[0]]:.6g}"
    bad = np.flatnonzero(form.row_lower > form.row_upper + CROSSING)
    if len(bad):
        return f"row {bad[0]} would have to be at least {form.row_lower[bad[0]]:.6g} and at most {form.row_upper[bad[0]]:.6g}"
    return ""


def scaled(form: StandardForm) -> Scaled:
    """Reduce and scale. The form's bounds must not cross (see `crossing`)."""
    lower, upper = form.box()
    fixed = lower >= upper
    columns = np.flatnonzero(~fixed)
    x_fixed = np.where(fixed, np.minimum(lower, upper), 0.0)
    rows = np.flatnonzero((form.row_lower > -INF) | (form.row_upper < INF))
    A = form.A if len(rows) == form.A.shape[0] else form.A[rows]
    q = form.q
    shift = np.zeros(len(rows))
    cones = form.cones
    if len(columns) < form.n_columns:
        shift = A @ x_fixed
        q = (q + form.P_times(x_fixed))[columns]
        A = A[:, columns]
        cones = tuple(_moved(cone, columns, x_fixed) for cone in cones)
    P = Quadric.of(form.quadratics, form.n_columns)
    P = P if len(columns) == form.n_columns else P.reduced(columns)
    calmed = calm(P, columns < form.n_weights, form.integer[columns])
    A = A if calmed is None else times(A, np.ones(len(rows)), calmed)
    row_scale, column_scale = equilibrated(A, columns < form.n_weights, form.integer[columns])
    A = times(A, row_scale, column_scale)
    column_scale = column_scale if calmed is None else column_scale * calmed
    cones, cone_scale = scaled_cones(cones, column_scale)
    P = P.scaled(column_scale, 1.0)
    q = q * column_scale
    # A penalty is no measure of what is wanted: counted in, a soft limit would make the rest of a daily objective vanish.
    wanted = ~_penalties(A, P, columns >= form.n_weights)
    size = max(P.largest(), float(np.abs(q[wanted]).max(initial=0.0)))
    objective_scale = 1.0 / size if size > 0 else 1.0
    return Scaled(
        form=form,
        P=P.scaled(np.ones(len(columns)), objective_scale),
        q=q * objective_scale,
        A=A,
        row_lower=(form.row_lower[rows] - shift) * row_scale,
        row_upper=(form.row_upper[rows] - shift) * row_scale,
        lower=lower[columns] / column_scale,
        upper=upper[columns] / column_scale,
        cones=cones,
        integer=form.integer[columns],
        columns=columns,
        rows=rows,
        column_scale=column_scale,
        row_scale=row_scale,
        objective_scale=objective_scale,
        x_fixed=x_fixed,
        cone_scale=cone_scale,
        wanted=wanted,
    )


def restored(program: Scaled, answer: SolverAnswer, seconds: float) -> RawAnswer:
    """The answer on the form's own scale, with the multipliers of domain/program.py."""
    form = program.form
    if answer.x is None:
        return RawAnswer(answer.status, None, None, answer.solver, answer.iterations, seconds, message=answer.message)
    x = program.x_fixed.copy()
    x[program.columns] = answer.x * program.column_scale
    duals = None
    if answer.y is not None:
        y = np.zeros(form.A.shape[0])
        y[program.rows] = answer.y * program.row_scale / program.objective_scale
        z = tuple(part * scale / program.objective_scale for part, scale in zip(answer.z, program.cone_scale, strict=True))
        everywhere = answer.t is not None and len(program.columns) == form.n_columns
        t = np.zeros(form.n_columns) if everywhere else box_multipliers(form, x, y, z)
        if answer.t is not None:
            t[program.columns] = answer.t / program.column_scale / program.objective_scale
        duals = Duals(y, spread(form, t), z)
    return RawAnswer(
        answer.status,
        x,
        duals,
        answer.solver,
        answer.iterations,
        seconds,
        mip_gap=answer.mip_gap,
        message=answer.message,
    )


def lowered(program: Scaled, raw: RawAnswer) -> SolverAnswer:
    """The opposite way: an answer to the form as one to the scaled program."""
    if raw.x is None or raw.duals is None:
        return SolverAnswer(raw.status, raw.solver, raw.iterations, message=raw.message)
    size, duals = program.objective_scale, raw.duals
    t = gathered(program.form, duals.bounds)[program.columns]
    return SolverAnswer(
        raw.status,
        raw.solver,
        raw.iterations,
        raw.x[program.columns] / program.column_scale,
        duals.rows[program.rows] / program.row_scale * size,
        t * program.column_scale * size,
        tuple(z / scale * size for z, scale in zip(duals.cones, program.cone_scale, strict=True)),
    )


def box_multipliers(form: StandardForm, x: Vector, y: Vector, z: tuple[Vector, ...]) -> Vector:
    """(N,) what stationarity leaves to the bounds:  t = -(Px + q + A'y - sum B'z)."""
    t = -(form.P_times(x) + form.q + form.A.T @ y)
    for cone, part in zip(form.cones, z, strict=True):
        t += cone.B.T @ part
    return np.asarray(t)


def spread(form: StandardForm, t: Vector) -> Vector:
    """(k,) each column's multiplier given to the tightest of its bound entries, the first one among equals."""
    out = np.zeros(len(form.bound_columns))
    pressed = t[form.bound_columns]
    for side, pressing in ((form.bound_upper, pressed > 0.0), (-form.bound_lower, pressed < 0.0)):
        entries = np.flatnonzero(pressing & (side < INF))
        if len(entries) == 0:
            continue
        ordered = entries[np.lexsort((entries, side[entries], form.bound_columns[entries]))]
        columns = form.bound_columns[ordered]
        first = ordered[np.concatenate([[True], columns[1:] != columns[:-1]])]
        out[first] = t[form.bound_columns[first]]
    return out


def gathered(form: StandardForm, bounds: Vector) -> Vector:
    """(N,) the multipliers of all bound entries, added per column."""
    return np.asarray(np.bincount(form.bound_columns, weights=bounds, minlength=form.n_columns), dtype=float)


def _penalties(A: sp.csr_array, P: Quadric, helper: Mask) -> Mask:
    """(M,) helper columns that stand in no row and not in the quadratic: a cone's opening, paid for in the objective."""
    in_rows = np.zeros(len(helper), dtype=bool)
    in_rows[A.indices] = True
    return np.asarray(helper & ~in_rows & (P.diagonal == 0.0) & ~P.in_block())


def _moved(cone: Cone, columns: Indices, x_fixed: Vector) -> Cone:
    return Cone(cone.kind, cone.B[:, columns], cone.b + cone.B @ x_fixed, cone.limit, cone.member, cone.relax, cone.alpha)
