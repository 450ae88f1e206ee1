"""A form with hinges u_t >= a_t'x + b_t, u_t >= 0 taken apart: what the scenarios say, and everything else.

A hinge that is surely positive is its line, one that is surely zero is nothing: where that is known of most scenarios
(`Partition`), the few that are left make a small form with the same optimum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.domain.program import Cone, Group, Quadratic, StandardForm

INF = float("inf")
MOST_ENTRIES = 60_000_000  # of scenarios times columns; beyond, half a gigabyte is not held twice


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """T hinges in all on k columns, their rows and columns of the form, and what charges u.

    H: (T, k) the a_t, on `columns` (k,). b: (T,). rows, u: (T,). entry: (T,) where u's bound stands.
    cost: (T,) of u_t in the objective. curvature: (T,) of 1/2 m_t u_t^2 there. D: (o, T) of u in the other rows.
    others: (o,) those rows. plain: (N - T,) the columns that are no u.
    """

    form: StandardForm
    H: Matrix
    columns: Indices
    b: Vector
    rows: Indices
    u: Indices
    entry: Indices
    cost: Vector
    curvature: Vector
    D: sp.csr_array
    others: Indices
    plain: Indices

    @property
    def smooth(self) -> Mask:
        """(T,) hinges that are charged by their square alone: without a kink."""
        charged = np.asarray(abs(self.D).sum(axis=0)).ravel() if self.D.nnz else np.zeros(len(self.u))
        return np.asarray((self.curvature > 0.0) & (self.cost == 0.0) & (charged == 0.0))

    def lines(self, x: Vector) -> Vector:
        """(T,) a_t'x + b_t at x (N,)."""
        return np.asarray(self.H @ x[self.columns]) + self.b

    def price(self, y_others: Vector, u: Vector) -> Vector:
        """(T,) what one more u_t costs, the rows that u stands in included: the most a hinge's multiplier can be."""
        return np.asarray(self.cost + self.curvature * u + (self.D.T @ y_others if self.D.nnz else 0.0))


def parted(form: StandardForm) -> Parts | None:
    """The form taken apart; None where its hinges are not of the kind: u charged from one side only, in no cone."""
    if not form.hinges or form.integer.any():
        return None
    rows = np.concatenate([np.arange(h.start, h.stop) for h in form.hinges])
    u = np.concatenate([h.columns for h in form.hinges])
    is_u, is_hinge = np.zeros(form.n_columns, dtype=bool), np.zeros(form.A.shape[0], dtype=bool)
    is_u[u], is_hinge[rows] = True, True
    entry = _bounds(form, u, is_u)
    block = _block(form, rows, u, is_u)
    others = np.flatnonzero(~is_hinge & ((form.row_lower > -INF) | (form.row_upper < INF)))
    if entry is None or block is None or any(is_u[cone.B.indices].any() for cone in form.cones):
        return None
    curvature = np.zeros(form.n_columns)
    for quadratic in form.quadratics:
        if quadratic.M.ndim == 1:
            np.add.at(curvature, quadratic.columns, quadratic.M)
        elif is_u[quadratic.columns].any():
            return None
    D = sp.csr_array(form.A[others][:, u])
    of_row = np.repeat(others, np.diff(D.indptr))
    charged_above = (D.data >= 0.0) & (form.row_lower[of_row] == -INF)
    charged_below = (D.data <= 0.0) & (form.row_upper[of_row] == INF)
    if not np.all(charged_above | charged_below) or np.any(form.q[u] < 0.0):
        return None
    H, columns = block
    return Parts(
        form=form,
        H=H,
        columns=columns,
        b=form.row_lower[rows],
        rows=rows,
        u=u,
        entry=entry,
        cost=form.q[u],
        curvature=curvature[u],
        D=D,
        others=others,
        plain=np.flatnonzero(~is_u),
    )


def _bounds(form: StandardForm, u: Indices, is_u: Mask) -> Indices | None:
    """(T,) the one bound entry of every u, which says u >= 0; None where there are others."""
    entries = np.flatnonzero(is_u[form.bound_columns])
    if len(entries) != len(u) or np.any(form.bound_lower[entries] != 0.0) or np.any(form.bound_upper[entries] < INF):
        return None
    place = np.full(form.n_columns, -1)
    place[form.bound_columns[entries]] = entries
    return place[u] if np.all(place[u] >= 0) else None


def _block(form: StandardForm, rows: Indices, u: Indices, is_u: Mask) -> tuple[Matrix, Indices] | None:
    """(H, columns): the hinge rows read as u_t - a_t'x >= b_t."""
    T = len(rows)
    if np.any(form.row_upper[rows] < INF):
        return None
    whole = len(form.hinges) == 1
    part = form.A[form.hinges[0].start : form.hinges[0].stop] if whole else form.A[rows]
    width = np.diff(part.indptr)
    if T and np.all(width == width[0]) and width[0] > 1:
        indices = part.indices.reshape(T, width[0])
        if (
            np.all(indices[:, :-1] == indices[0, :-1])
            and np.array_equal(indices[:, -1], u)
            and np.all(part.data[width[0] - 1 :: width[0]] == 1.0)
        ):
            columns = indices[0, :-1].astype(np.intp)
            return (-part.data.reshape(T, width[0])[:, :-1], columns) if not is_u[columns].any() else None
    row = np.repeat(np.arange(T), width)
    own = part.indices == u[row]
    if own.sum() != T or np.any(part.data[own] != 1.0) or is_u[part.indices[~own]].any():
        return None
    columns = np.unique(part.indices[~own]).astype(np.intp)
    if T * len(columns) > MOST_ENTRIES:
        return None
    H = np.zeros((T, len(columns)))
    H[row[~own], np.searchsorted(columns, part.indices[~own])] = -part.data[~own]
    return H, columns


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
            cones=tuple(Cone(c.kind, c.B[:, columns], c.b, c.limit, c.member, c.relax, c.alpha) for c in form.cones),
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
