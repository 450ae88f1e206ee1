"""Optimality where a second-order cone touches the rest: weak duality with as much of the face's proof as it takes.

No finite multipliers exist there (Slater's condition fails). The answer brings two sets of them, (y, t, z), which leave
nothing over on the face where the cone touches, and `face`, which balances by itself, A'y_f + t_f = B'z_f, and so proves that
every feasible point lies on that face. For every number c >= 0 the sum (y + c y_f, z + c z_f), brought into the dual cones,
gives the bound of optimality.py,

    f(x) - f(x')  <=  sum_i y_i (side_i - (Ax)_i)  +  z'(Bx + b)  +  max over the box of r'(x - x'),      r = g + A'y - B'z

and no part of it has to be believed. What is left grows with c where the face is known to rounding only, and falls as 1/c
elsewhere. It is computed in extended precision: c is large, and what cancels would be lost.

A limit set a rounding below its least is met by nobody. x' may therefore miss each side by as much as x does, which is for
the feasibility check to judge; otherwise every answer would be proven against an empty set.
Source: Borwein and Wolkowicz (1981); Boyd and Vandenberghe (2004), 5.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from portopt.audit.optimality import Conditions, gradient
from portopt.audit.reach import implied_box
from portopt.audit.scale import TINY, typical_curvature
from portopt.domain.arrays import Vector
from portopt.domain.program import Cone, StandardForm
from portopt.domain.solution import Duals

EXACT = np.longdouble
MULTIPLES = (1.0, 0.0, *(10.0**k for k in range(-6, 7) if k != 0))  # of the proof, as the answer states it


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """The multipliers with a multiple of the proof added, in extended precision, inside the dual cones.

    y (m,), t (k,), z one array a cone; residual (N,): g + A'y - B'z.
    """

    y: Vector
    t: Vector
    z: tuple[Vector, ...]
    residual: Vector

    @classmethod
    def of(cls, form: StandardForm, g: Vector, duals: Duals, face: Duals, times: float) -> Together:
        y = duals.rows.astype(EXACT) + times * face.rows.astype(EXACT)
        y = np.where((y > 0) & np.isinf(form.row_upper) | (y < 0) & np.isinf(form.row_lower), 0.0, y)
        t = duals.bounds.astype(EXACT) + times * face.bounds.astype(EXACT)
        pairs = zip(form.cones, duals.cones, face.cones, strict=True)
        z = tuple(_inside(cone, main.astype(EXACT) + times * own.astype(EXACT)) for cone, main, own in pairs)
        pulls = [cone.B.T.astype(EXACT) @ part for cone, part in zip(form.cones, z, strict=True)]
        return cls(y, t, z, g.astype(EXACT) + form.A.T.astype(EXACT) @ y - sum(pulls, np.zeros(len(g), dtype=EXACT)))

    def products(self, form: StandardForm, x: Vector) -> Vector:
        """Every multiplier times the distance to what it presses on, nothing where that is missed."""
        at = x.astype(EXACT)
        activity = form.A.astype(EXACT) @ at
        cones = [float(part @ (cone.B.astype(EXACT) @ at + cone.b)) for cone, part in zip(form.cones, self.z, strict=True)]
        rows = _times_distance(self.y, activity, form.row_lower, form.row_upper)
        return np.asarray(np.maximum(np.concatenate([rows, np.array(cones)]), 0.0))

    def gap(self, form: StandardForm, x: Vector, box: tuple[Vector, Vector]) -> tuple[float, bool]:
        """(the bound, whether every part of it is proven); see optimality.Conditions."""
        r, (lower, upper) = self.residual, box
        endless = (r > 0) & np.isinf(lower) | (r < 0) & np.isinf(upper)
        reach = np.where(r == 0, 0.0, x - np.where(r > 0, lower, upper))
        reach = np.where(endless, np.sign(r) * np.maximum(np.abs(x), 1.0), reach)
        parts = [*(r * reach).astype(float).tolist(), *self.products(form, x).astype(float).tolist()]
        return max(0.0, math.fsum(parts)), not bool(endless.any())

    def bound_products(self, form: StandardForm, x: Vector) -> Vector:
        return np.asarray(np.maximum(_times_distance(self.t, x[form.bound_columns], form.bound_lower, form.bound_upper), 0.0))


def _inside(cone: Cone, z: Vector) -> Vector:
    """A member of the second-order cone near z. The first entry is raised where no column stands in its row."""
    norm = np.sqrt(np.sum(z[1:] ** 2))
    if norm <= z[0]:
        return z
    if cone.B.indptr[1] == cone.B.indptr[0]:
        return np.concatenate([[norm], z[1:]])
    return np.concatenate([[max(z[0], EXACT(0.0))], z[1:] * (max(z[0], EXACT(0.0)) / norm)])


def _times_distance(y: Vector, value: Vector, lower: Vector, upper: Vector) -> Vector:
    side = np.where(y > 0, upper, lower)
    pressing = (y != 0) & np.isfinite(side)
    return np.where(pressing, y * (np.where(pressing, side, 0.0) - value), 0.0)


def face_conditions(form: StandardForm, x: Vector, duals: Duals, scale: float, Px: Vector | None = None) -> Conditions:
    """Optimality at x (N,) of an answer whose multipliers have a face, with the multiple of its proof that bounds best.

    Px: (N,) P x, where it is known.
    """
    if duals.face is None:
        raise ValueError("these multipliers have no face")
    g, box = gradient(form, x, Px), implied_box(form)
    found = [Together.of(form, g, duals, duals.face, times) for times in MULTIPLES]
    bounds = [each.gap(form, x, box) for each in found]
    best = min(range(len(found)), key=lambda i: bounds[i][0])
    both, (gap, proven) = found[best], bounds[best]
    t_part = np.bincount(form.bound_columns, both.t.astype(float), form.n_columns)
    y_part = form.A.T @ both.y.astype(float)
    largest = max(float(np.abs(part).max(initial=0.0)) for part in (g - form.q, form.q, y_part, t_part))
    largest = max(largest, typical_curvature(form, x) / 100.0, TINY)
    wrong = both.t[(both.t > 0) & np.isinf(form.bound_upper) | (both.t < 0) & np.isinf(form.bound_lower)]
    products = (*both.products(form, x), *both.bound_products(form, x))
    return Conditions(
        stationarity=float(np.abs(both.residual + t_part).max(initial=0.0)) / largest,
        dual_infeasibility=float(np.abs(wrong).max(initial=0.0)) / largest,
        complementarity=float(max(products, default=0.0)) / max(scale, TINY),
        gap=gap,
        proven=proven,
    )
