"""Programs where 3/2 powers are paid for or limited: an interior point's answer, then Newton's method for the last digits.

In the standard form a power is a column t_k under the cone (t_k, 1, x_j + b_k), that is t_k >= |z_k|^(3/2), z_k = x_j + b_k.
Around v the cone is its tangent, and what bends is the Lagrangian's own second order, with mu_k the price of t_k:

    t_k >= |v|^(3/2) + s (z_k - v),   s = 3/2 |v|^(1/2) sign v;      objective + mu_k/2 * 3/4 |v|^(-1/2) (z_k - v)^2

The cone's multipliers follow in closed form, mu (1, 1/2 |z|^(3/2), -s).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Vector
from portopt.domain.program import INF, Cone, Group, Quadratic, StandardForm
from portopt.domain.solution import Duals, RawAnswer, SolveStatus
from portopt.optimization.convex import PRESOLVE, finished, solve_convex
from portopt.optimization.curved.sequential_quadratic import Point, solve_sequentially
from portopt.optimization.scaling.presolve import scaled

STEPS = 25
SETTLED = 1e-13  # of the weights: nothing moves any more
NEARLY = 1e-10  # where a quadratic program on the way had no polish
SMALL = 1e-9  # a trade whose curvature is taken to be that of this size
STATIONARY = 1e-8  # of the gradient
ALPHA = 2.0 / 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Powers:
    """t, w: (m,) columns and b: (m,) constants of t >= |x_w + b|^(3/2); cones: their positions among the form's cones."""

    t: Indices
    w: Indices
    b: Vector
    cones: tuple[int, ...]


def powers(form: StandardForm) -> Powers | None:
    """The form's power cones as 3/2 powers of single columns; None where there are none, or others among them."""
    found = [(k, _power(cone)) for k, cone in enumerate(form.cones) if cone.kind != "second_order"]
    if not found or any(part is None for _, part in found):
        return None
    parts = [part for _, part in found if part is not None]
    t, w = np.array([p[0] for p in parts], dtype=np.intp), np.array([p[1] for p in parts], dtype=np.intp)
    return Powers(t, w, np.array([p[2] for p in parts]), tuple(k for k, _ in found))


def solve_powers(form: StandardForm, *, solver: str | None = None) -> RawAnswer:
    """As solve_convex, exact to rounding where the powers are 3/2 powers of single columns and the steps settle."""
    began = perf_counter()
    if all(cone.kind != "power" for cone in form.cones):
        return solve_convex(form, solver=solver)
    near = solve_convex(form, solver=solver, polish=False)
    if near.x is None or near.solver == PRESOLVE:
        return near
    exact = _with_last_digits(form, near)
    if exact is None:
        return finished(scaled(form), near, None, began)
    return replace(exact, solver=near.solver, iterations=near.iterations, seconds=perf_counter() - began)


def _with_last_digits(form: StandardForm, near: RawAnswer) -> RawAnswer | None:
    """The exact optimum near an interior answer with multipliers, or None where the steps do not settle."""
    parts = powers(form)
    if near.status is not SolveStatus.OPTIMAL or parts is None or near.x is None or near.duals is None:
        return None
    first = Point(near.x, near.duals.rows)
    raw = solve_sequentially(_Tangents(form, parts), first, STEPS, lambda tangent, _: solve_convex(tangent))
    return None if raw is None or raw.status is not SolveStatus.OPTIMAL else raw


@dataclass(frozen=True, slots=True, eq=False)
class _Tangents:
    """A form and its powers, expanded."""

    form: StandardForm
    parts: Powers

    def around(self, at: Point) -> StandardForm:
        form, parts = self.form, self.parts
        price = np.maximum(form.q[parts.t] + (form.A.T @ at.rows)[parts.t], 0.0)
        return _around(form, parts, self.powered(at.x), price)

    def is_settled(self, at: Point, there: Point, *, polished: bool) -> bool:
        moved = float(np.abs(self.powered(there.x) - self.powered(at.x)).max())
        return moved <= (SETTLED if polished else NEARLY)

    def stepped(self, at: Point, there: Point) -> Point:
        return Point(there.x, there.rows[: len(self.form.row_lower)])

    def whole(self, at: Point, raw: RawAnswer) -> RawAnswer | None:
        return _whole(self.form, self.parts, raw, self.powered(at.x))

    def powered(self, x: Vector) -> Vector:
        """(m,) what the powers are of."""
        return np.asarray(x[self.parts.w] + self.parts.b)


def _power(cone: Cone) -> tuple[int, int, float] | None:
    """(t, w, b) of the cone (x_t, 1, x_w + b); None for any other."""
    B, b = cone.B, cone.b
    plain = cone.kind == "power" and abs(cone.alpha - ALPHA) < 1e-12 and B.indptr.tolist() == [0, 1, 1, 2]
    plain = plain and bool((B.data == 1.0).all()) and b[0] == 0.0 and b[1] == 1.0
    return (int(B.indices[0]), int(B.indices[1]), float(b[2])) if plain else None


def _slope(v: Vector) -> Vector:
    return np.asarray(1.5 * np.sign(v) * np.sqrt(np.abs(v)))


def _around(form: StandardForm, parts: Powers, v: Vector, price: Vector) -> StandardForm:
    """The form with its power cones as tangents at v and their curvature, at that price, in the objective."""
    m, N = len(v), form.n_columns
    slope = _slope(v)
    at = np.arange(m)
    rows = sp.csr_array(
        (np.concatenate([np.ones(m), -slope]), (np.tile(at, 2), np.concatenate([parts.t, parts.w]))), shape=(m, N)
    )
    side = np.abs(v) ** 1.5 - slope * (v - parts.b)
    bend = price * 0.75 / np.sqrt(np.maximum(np.abs(v), SMALL))
    columns, where = np.unique(parts.w, return_inverse=True)  # a budget and the objective may price the same trade
    total: Vector = np.asarray(np.bincount(where, bend), dtype=float)
    center = np.zeros(len(columns))
    center[where] = v - parts.b
    q = form.q.copy()
    q[columns] -= total * center
    start = len(form.row_lower)
    bound_lower = form.bound_lower.copy()
    bound_lower[np.isin(form.bound_columns, parts.t)] = -INF  # said again by the tangent, exactly so at a trade of nothing
    return replace(
        form,
        q=q,
        constant=form.constant + 0.5 * float(total @ center**2),
        bound_lower=bound_lower,
        quadratics=(*form.quadratics, Quadratic(columns, total)),
        A=sp.csr_array(sp.vstack([form.A, rows])),
        row_lower=np.concatenate([form.row_lower, side]),
        row_upper=np.concatenate([form.row_upper, np.full(m, INF)]),
        row_relax=np.concatenate([form.row_relax, np.zeros(m)]),
        row_groups=(*form.row_groups, Group(start, start + m, "")),
        cones=tuple(cone for cone in form.cones if cone.kind == "second_order"),
    )


def _whole(form: StandardForm, parts: Powers, raw: RawAnswer, v: Vector) -> RawAnswer | None:
    """The last program's answer with t on its curve, and the cones' multipliers at v, where its tangents were."""
    if raw.x is None or raw.duals is None:
        return None
    x = raw.x.copy()
    x[parts.t] = np.abs(x[parts.w] + parts.b) ** 1.5
    m = len(form.row_lower)
    mu = np.maximum(-raw.duals.rows[m:], 0.0)
    own = np.stack([mu, 0.5 * mu * np.abs(v) ** 1.5, -mu * _slope(v)], axis=1)
    second_order = iter(raw.duals.cones)
    cones: list[Vector] = [np.zeros(0)] * len(form.cones)
    for k, row in zip(parts.cones, own, strict=True):
        cones[k] = row
    for k in range(len(cones)):
        if k not in parts.cones:
            cones[k] = next(second_order)
    duals = Duals(raw.duals.rows[:m], raw.duals.bounds, tuple(cones))
    left = form.P_times(x) + form.q + form.A.T @ duals.rows + np.bincount(form.bound_columns, duals.bounds, form.n_columns)
    for cone, part in zip(form.cones, duals.cones, strict=True):
        left -= cone.B.T @ part
    size = max(float(np.abs(form.q).max(initial=0.0)), float(np.abs(form.P_times(x)).max(initial=0.0)))
    return replace(raw, x=x, duals=duals) if float(np.abs(left).max()) <= STATIONARY * size else None
