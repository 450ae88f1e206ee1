"""A form with hinges u_t >= a_t'x + b_t, u_t >= 0 taken apart: what the scenarios say, and everything else.

A hinge that is surely positive is its line, one that is surely zero is nothing: where that is known of most scenarios
(reduced.py), the few that are left make a small form with the same optimum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.domain.program import StandardForm

INF = float("inf")
MOST_ENTRIES = 60_000_000  # of scenarios times columns; beyond, half a gigabyte is not held twice


@dataclass(frozen=True, slots=True, eq=False)
class Norm:
    """What a second-order cone holds of the hinges: row i of it is scale_i u[hinge_i].

    hinge: (d,) or -1 where the row is no hinge's. scale: (d,). column: of its first entry where that is a helper alone, the
    bound on the norm, else -1.
    """

    hinge: Indices
    scale: Vector
    column: int


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """T hinges in all on k columns, their rows and columns of the form, and what charges u.

    H: (T, k) the a_t, on `columns` (k,). b: (T,). rows, u: (T,). entry: (T,) where u's bound stands.
    cost: (T,) of u_t in the objective. curvature: (T,) of 1/2 m_t u_t^2 there. D: (o, T) of u in the other rows.
    others: (o,) those rows. plain: (N - T,) the columns that are no u. norms: one a cone, None where it holds no u.
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
    norms: tuple[Norm | None, ...] = ()

    @property
    def smooth(self) -> Mask:
        """(T,) hinges that are charged by their square or inside a norm alone: without a kink."""
        charged = np.asarray(abs(self.D).sum(axis=0)).ravel() if self.D.nnz else np.zeros(len(self.u))
        curved = self.curvature > 0.0
        for norm in self.norms:
            if norm is not None:
                curved[norm.hinge[norm.hinge >= 0]] = True
        return np.asarray(curved & (self.cost == 0.0) & (charged == 0.0))

    @property
    def charged_rows(self) -> Mask:
        """(o,) the other rows that see the hinges: through u, or through the bound on a norm of them."""
        seen = np.diff(self.D.indptr) > 0
        columns = [norm.column for norm in self.norms if norm is not None and norm.column >= 0]
        if columns:
            seen |= np.diff(sp.csr_array(self.form.A[self.others][:, columns]).indptr) > 0
        return np.asarray(seen)

    def lines(self, x: Vector) -> Vector:
        """(T,) a_t'x + b_t at x (N,)."""
        return np.asarray(self.H @ x[self.columns]) + self.b

    def completed(self, x: Vector) -> Vector:
        """x with every u at its least, and every bound on a norm of them."""
        out = x.copy()
        out[self.u] = np.maximum(self.lines(x), 0.0)
        for cone, norm in zip(self.form.cones, self.norms, strict=True):
            if norm is not None and norm.column >= 0:
                out[norm.column] = float(np.linalg.norm((cone.B @ out + cone.b)[1:]))
        return out

    def price(self, y_others: Vector, z: tuple[Vector, ...], u: Vector) -> Vector:
        """(T,) what one more u_t costs, rows and cones included: the most a hinge's multiplier can be."""
        out = self.cost + self.curvature * u
        if self.D.nnz:
            out = out + self.D.T @ y_others
        for norm, part in zip(self.norms, z, strict=True):
            if norm is not None:
                there = norm.hinge >= 0
                np.subtract.at(out, norm.hinge[there], (norm.scale * part)[there])
        return np.asarray(out)


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
    norms = _norms(form, u, is_u)
    if entry is None or block is None or norms is None:
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
        norms=norms,
    )


def _norms(form: StandardForm, u: Indices, is_u: Mask) -> tuple[Norm | None, ...] | None:
    """One a cone; None where a cone holds a hinge in another way than a row each of a norm."""
    place = np.full(form.n_columns, -1)
    place[u] = np.arange(len(u))
    out: list[Norm | None] = []
    for cone in form.cones:
        if not is_u[cone.B.indices].any():
            out.append(None)
            continue
        width = np.diff(cone.B.indptr)
        row = np.repeat(np.arange(len(width)), width)
        mine = is_u[cone.B.indices]
        if cone.kind != "second_order" or np.any(width[row[mine]] != 1) or np.any(row[mine] == 0) or cone.b[row[mine]].any():
            return None
        hinge, scale = np.full(len(width), -1), np.zeros(len(width))
        hinge[row[mine]], scale[row[mine]] = place[cone.B.indices[mine]], cone.B.data[mine]
        first = cone.B.indices[: width[0]]
        alone = width[0] == 1 and first[0] >= form.n_weights and cone.B.data[0] == 1.0 and cone.b[0] == 0.0
        out.append(Norm(hinge, scale, int(first[0]) if alone else -1))
    return tuple(out)


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
