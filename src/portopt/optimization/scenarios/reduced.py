"""The small form that is left when most hinges are taken for their line or for nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.program import Cone, Group, Quadratic, StandardForm
from portopt.optimization.scenarios.parts import Parts


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """The form with every hinge outside `kept` replaced by its line (`inside`) or by nothing.

    kept: (e,) hinges still there; inside: (T,). columns: (N',) where the reduced form's columns stand in the form, the kept
    u's last. rows: (m',) the same of its rows. entries: of its bounds.
    """

    form: StandardForm
    parts: Parts
    kept: Indices
    inside: Mask
    columns: Indices
    rows: Indices
    entries: Indices


def reduced(parts: Parts, kept: Indices, inside: Mask) -> Reduced:
    """The small form. inside: (T,), False on kept."""
    form = parts.form
    columns = np.concatenate([parts.plain, parts.u[kept]])
    rows = np.concatenate([parts.others, parts.rows[kept]])
    place = np.full(form.n_columns, -1)
    place[columns] = np.arange(len(columns))
    at, weight = place[parts.columns], inside.astype(float)
    q, constant = form.q[columns].copy(), form.constant
    cost = weight * (parts.cost + parts.curvature * parts.b)
    q[at] += cost @ parts.H
    constant += float((weight * (parts.cost + 0.5 * parts.curvature * parts.b)) @ parts.b)
    lower, upper = form.row_lower[rows].copy(), form.row_upper[rows].copy()
    A = form.A[rows][:, columns]
    if parts.D.nnz:
        inner = sp.csr_array(parts.D * weight)
        charged = np.flatnonzero(np.diff(parts.D.indptr))
        shift = inner[charged] @ parts.b
        lower[charged], upper[charged] = lower[charged] - shift, upper[charged] - shift
        spread = sp.coo_array(inner[charged] @ parts.H)
        A = A + sp.csr_array((spread.data, (charged[spread.coords[0]], at[spread.coords[1]])), shape=A.shape)
    entries = np.flatnonzero(place[form.bound_columns] >= 0)
    m, k = len(rows), len(entries)
    return Reduced(
        form=replace(
            form,
            n_columns=len(columns),
            quadratics=_quadratics(parts, place, at, inside),
            q=q,
            constant=constant,
            A=sp.csr_array(A),
            row_lower=lower,
            row_upper=upper,
            row_relax=np.zeros(m),
            row_groups=(Group(0, m, ""),),
            bound_columns=place[form.bound_columns[entries]],
            bound_lower=form.bound_lower[entries],
            bound_upper=form.bound_upper[entries],
            bound_relax=np.zeros(k),
            bound_groups=(Group(0, k, ""),),
            cones=_cones(parts, columns, at, kept, inside),
            integer=np.zeros(len(columns), dtype=bool),
            hinges=(),
        ),
        parts=parts,
        kept=kept,
        inside=inside,
        columns=columns,
        rows=rows,
        entries=entries,
    )


def _quadratics(parts: Parts, place: Indices, at: Indices, inside: Mask) -> tuple[Quadratic, ...]:
    """The form's own on the columns that are left, and what the lines of squared hinges add."""
    out = []
    for quadratic in parts.form.quadratics:
        there = place[quadratic.columns]
        if quadratic.M.ndim == 2:
            out.append(Quadratic(there, quadratic.M))
        elif (there >= 0).any():
            out.append(Quadratic(there[there >= 0], quadratic.M[there >= 0]))
    squared = inside & (parts.curvature > 0.0)
    if squared.any():
        H = parts.H[squared]
        out.append(Quadratic(at, (H.T * parts.curvature[squared]) @ H))
    return tuple(out)


def _cones(parts: Parts, columns: Indices, at: Indices, kept: Indices, inside: Mask) -> tuple[Cone, ...]:
    """The form's own; in a norm of hinges the lines of those inside become the triangle of their QR, those outside nothing."""
    out = []
    left = np.zeros(len(parts.u), dtype=bool)
    left[kept] = True
    for cone, norm in zip(parts.form.cones, parts.norms, strict=True):
        B = sp.csr_array(cone.B[:, columns])
        if norm is None:
            out.append(Cone(cone.kind, B, cone.b, cone.limit, cone.member, cone.relax, cone.alpha))
            continue
        stays = (norm.hinge < 0) | left[norm.hinge]
        lines = norm.hinge[(norm.hinge >= 0) & inside[norm.hinge]]
        scale = norm.scale[(norm.hinge >= 0) & inside[norm.hinge]]
        M = np.column_stack([parts.H[lines], parts.b[lines]]) * scale[:, None]
        R = np.asarray(np.linalg.qr(M, mode="r")) if len(M) > M.shape[1] else M
        triangle = np.zeros((len(R), len(columns)))
        triangle[:, at] = R[:, :-1]
        B = sp.csr_array(sp.vstack([B[np.flatnonzero(stays)], sp.csr_array(triangle)]))
        out.append(Cone("second_order", B, np.concatenate([cone.b[stays], R[:, -1]])))
    return tuple(out)


def pointing(cone: Cone, x: Vector, pull: float) -> Vector:
    """(d,) the multiplier of a second-order cone that binds at x:  pull (1, -s1 / ||s1||)."""
    s = cone.B @ x + cone.b
    size = float(np.linalg.norm(s[1:]))
    return np.concatenate([[pull], -s[1:] * (pull / size if size > 0.0 else 0.0)])
