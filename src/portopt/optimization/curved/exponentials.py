"""Programs with sums of exponentials, by Newton's method (sequential_quadratic.py) from an interior point's answer.

    sum_k a_k v_k + ... <= side,   s_k exp(r_k / s_k) <= v_k        r_k, s_k linear in x, v_k nowhere else, a_k > 0

The v_k press on their rows alone, so they are what the exponentials are. At a point x those rows are replaced by their
tangents, and their curvature times the row's multiplier goes into the objective. The multipliers of the whole follow in closed
form, for the cone  mu_k (-e, -(1 - rho) e, 1)  with rho = r/s, e = exp(rho). The entropic value at risk is what asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.program import Quadratic, StandardForm
from portopt.domain.solution import Duals, RawAnswer, SolveStatus
from portopt.optimization.convex import solve_convex
from portopt.optimization.curved.sequential_quadratic import Point, solve_sequentially
from portopt.optimization.scaling.presolve import crossing, restored, scaled
from portopt.optimization.solvers import clarabel

STEPS = 40
SETTLED = 1e-9  # the next step would move by its square
FIRST = (1e-8, 1e-6, 1e-5)  # of the interior point that the steps begin at
STEEPEST = 500.0  # exponents beyond overflow


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """K exponentials. R, S: (K, N) and r, s: (K,) of r_k = R x + r and s_k = S x + s. v: (K,) columns. cones: their places.

    A: (m, K) the coefficients of v in the form's rows.
    """

    R: sp.csr_array
    r: Vector
    S: sp.csr_array
    s: Vector
    v: Indices
    A: sp.csr_array
    cones: Indices


@dataclass(frozen=True, slots=True, eq=False)
class _Expanded:
    """value (K,), J (K, N) and rho (K,) of the exponentials at a point."""

    value: Vector
    J: sp.csr_array
    rho: Vector
    size: Vector


def exponential_sums(form: StandardForm) -> Sums | None:
    """The form's exponential cones as terms of its rows; None where there are none, or others among them."""
    at = np.array([k for k, cone in enumerate(form.cones) if cone.kind == "exponential"], dtype=np.intp)
    if not len(at) or form.ratio or form.integer.any() or any(c.kind == "power" for c in form.cones):
        return None
    cones = [form.cones[k] for k in at]
    third = [cone.B.indices[cone.B.indptr[2] :] for cone in cones]
    if any(len(columns) != 1 or cone.b[2] != 0.0 or cone.B.data[-1] != 1.0 for cone, columns in zip(cones, third, strict=True)):
        return None
    v = np.array([columns[0] for columns in third], dtype=np.intp)
    counted = np.bincount(np.concatenate([cone.B.indices for cone in form.cones]), minlength=form.n_columns)
    A = sp.csr_array(sp.csc_array(form.A)[:, v])
    uppers = np.isfinite(form.row_upper) & np.isinf(form.row_lower)
    alone = (counted[v] == 1).all() and (form.q[v] == 0.0).all() and len(np.unique(v)) == len(v)
    alone = alone and not any(np.isin(v, block.columns).any() for block in form.quadratics)
    if not alone or not (A.data > 0.0).all() or not uppers[np.repeat(np.arange(A.shape[0]), np.diff(A.indptr))].all():
        return None
    stacked = sp.csr_array(sp.vstack([cone.B for cone in cones]))
    b = np.concatenate([cone.b for cone in cones])
    return Sums(stacked[0::3], b[0::3], stacked[1::3], b[1::3], v, A, at)


def solve_entropic(form: StandardForm, sums: Sums) -> RawAnswer | None:
    """The optimum with its multipliers, exact to rounding; None where the steps do not settle or there is no first point."""
    began = perf_counter()
    if crossing(form):
        return None
    program = scaled(form)
    first = restored(program, clarabel.solve(program, FIRST), 0.0)
    if first.status is not SolveStatus.OPTIMAL or first.x is None or first.duals is None:
        return None
    others = np.ones(form.n_columns, dtype=bool)
    others[sums.v] = False
    curves, near = _Tangents(form, sums, others), Point(first.x, first.duals.rows)
    raw = solve_sequentially(curves, near, STEPS, lambda tangent, _: solve_convex(tangent))
    return None if raw is None or raw.status is not SolveStatus.OPTIMAL else replace(raw, seconds=perf_counter() - began)


@dataclass(frozen=True, slots=True, eq=False)
class _Tangents:
    """A form and its exponentials, expanded. others: (N,) the columns that are not one of the v."""

    form: StandardForm
    sums: Sums
    others: Mask

    def around(self, at: Point) -> StandardForm | None:
        here = _expanded(self.sums, at.x)
        return None if here is None else _tangent(self.form, self.sums, here, at.x, at.rows)

    def is_settled(self, at: Point, there: Point, *, polished: bool) -> bool:
        moved = (there.x - at.x)[self.others] / np.maximum(1.0, np.abs(at.x[self.others]))
        return float(np.abs(moved).max()) <= SETTLED

    def stepped(self, at: Point, there: Point) -> Point:
        return there

    def whole(self, at: Point, raw: RawAnswer) -> RawAnswer | None:
        return _whole(self.form, self.sums, raw)


def _expanded(sums: Sums, x: Vector) -> _Expanded | None:
    """The exponentials at x; None where one of them does not exist."""
    r, s = sums.R @ x + sums.r, sums.S @ x + sums.s
    if not (s > 0.0).all():
        return None
    rho = r / s
    if rho.max() > STEEPEST:
        return None
    e = np.exp(rho)
    J = sp.csr_array(sp.diags_array(e) @ sums.R + sp.diags_array((1.0 - rho) * e) @ sums.S)
    return _Expanded(s * e, J, rho, s)


def _tangent(form: StandardForm, sums: Sums, here: _Expanded, x: Vector, y: Vector) -> StandardForm:
    """The quadratic program at x, with multipliers y of the rows. Its v stand at zero and belong to nothing."""
    mu = np.maximum(sums.A.T @ y, 0.0)
    bend = mu * np.exp(here.rho) / here.size
    G = sp.csr_array(sums.R - sp.diags_array(here.rho) @ sums.S)
    columns = np.unique(G.indices).astype(np.intp)
    dense = G[:, columns].toarray()
    M = (dense * bend[:, None]).T @ dense
    M = 0.5 * (M + M.T)
    centre = x[columns]
    q = form.q.copy()
    q[columns] -= M @ centre
    keep = np.ones(form.n_columns)
    keep[sums.v] = 0.0
    A = sp.csr_array(form.A @ sp.diags_array(keep) + sums.A @ here.J)
    A.eliminate_zeros()
    shift = sums.A @ (here.value - here.J @ x)
    zeros = np.zeros(len(sums.v))
    return replace(
        form,
        quadratics=(*form.quadratics, Quadratic(columns, M)),
        q=q,
        constant=form.constant + 0.5 * float(centre @ M @ centre),
        A=A,
        row_upper=form.row_upper - shift,
        cones=tuple(cone for cone in form.cones if cone.kind != "exponential"),
        bound_columns=np.concatenate([form.bound_columns, sums.v]),
        bound_lower=np.concatenate([form.bound_lower, zeros]),
        bound_upper=np.concatenate([form.bound_upper, zeros]),
        bound_relax=np.concatenate([form.bound_relax, zeros]),
        hinges=(),
    )


def _whole(form: StandardForm, sums: Sums, raw: RawAnswer) -> RawAnswer | None:
    """The answer to the whole form: the v what the exponentials are, their multipliers from those of the rows."""
    if raw.x is None or raw.duals is None:
        return None
    x, rows, bounds = raw.x.copy(), raw.duals.rows, raw.duals.bounds[: len(form.bound_columns)].copy()
    here = _expanded(sums, x)
    if here is None:
        return None
    x[sums.v] = here.value
    bounds[np.isin(form.bound_columns, sums.v)] = 0.0
    mu, e = np.maximum(sums.A.T @ rows, 0.0), np.exp(here.rho)
    own = np.column_stack([-mu * e, -mu * (1.0 - here.rho) * e, mu])
    others = iter(raw.duals.cones)
    place = {int(k): own[i] for i, k in enumerate(sums.cones)}
    cones = tuple(place[k] if k in place else next(others) for k in range(len(form.cones)))
    return replace(raw, x=x, duals=Duals(rows, bounds, cones), solver=f"entropic, {raw.solver}")
