"""A second-order cone with next to no room, by its price: quadratic programs whose answers fill it more and more.

    minimize  t f(x) + 1/2 |B1 x + b1|^2        the cone  |B1 x + b1| <= b0  left out

At t = 0 this is the point where the cone is tightest; with the t at which the norm is b0 it is the optimum, 1/t the cone's
multiplier. The norm's rise above the least, as a root, grows with t in nearly straight pieces, so that a secant finds it. What
binds may change from piece to piece: every program is solved for itself, which a polish that starts nearby does not survive.
Source: Everett (1963), Generalized Lagrange multiplier method.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.program import Cone, Quadratic, StandardForm
from portopt.domain.solution import Duals, RawAnswer, SolveStatus
from portopt.optimization.scaling.presolve import gathered, spread
from portopt.optimization.tight_cones.touching import Touching

Solve = Callable[[StandardForm], RawAnswer]
Near = Callable[[StandardForm, RawAnswer], RawAnswer | None]

SECANTS = 40
CLOSE = 0.2  # of the root's rise: near enough to ask the polish
FILLED = 1e-8  # of the root's rise: as good as the polish
POLISHES = 2
FIRST = 1e-3  # of the norm's square over the objective's parts


def solve_by_price(form: StandardForm, k: int, found: Touching, solve: Solve, near: Near) -> RawAnswer | None:
    """The optimum of a form whose k-th cone is nearly closed; None where it is not found so.

    found: where that cone has the most room. solve: the ordinary way. near: the polish, from a point close by.
    """
    cone, tightest = form.cones[k], found.x
    holds = None if form.ratio else _what_holds(form, cone, found)
    if holds is None:
        return None
    b0, least = float((cone.B[[0]] @ tightest)[0] + cone.b[0]), float(np.linalg.norm(_tail(cone, tightest)))
    wanted = np.sqrt(max(b0 - least, 0.0) * (b0 + least))
    parts = abs(float(tightest @ form.P_times(tightest))) + float(np.abs(form.q) @ np.abs(tightest))
    if wanted <= 0.0 or parts <= 0.0:
        return None
    polishes = 0
    low, high, t = (0.0, 0.0), None, FIRST * least**2 / parts
    for _ in range(SECANTS):
        raw = solve(_priced(form, k, t))
        if raw.status is not SolveStatus.OPTIMAL or raw.x is None or raw.duals is None:
            return None
        norm = float(np.linalg.norm(_tail(cone, raw.x)))
        rise = np.sqrt(max(norm - least, 0.0) * (norm + least))
        off = abs(rise - wanted) / wanted
        if off <= FILLED or (off <= CLOSE and polishes < POLISHES):
            x = raw.x.copy()
            x[cone.B[[0]].indices] = tightest[cone.B[[0]].indices]  # the radius: without the cone nothing keeps it there
            priced = _unpriced(form, k, t, holds, raw, x, raw.duals)
            polishes += 1
            exact = near(form, priced)
            if exact is not None or off <= FILLED:
                return exact or priced
        low, high = ((t, rise), high) if rise < wanted else (low, (t, rise))
        t = _next(low, high, wanted)
    return None


def _next(low: tuple[float, float], high: tuple[float, float] | None, wanted: float) -> float:
    """By the chord between what fills the cone too little and too much; five times as much while nothing fills it."""
    (t0, r0) = low
    if high is None:
        return min(max(t0 * wanted / r0, 1.05 * t0), 1e4 * t0) if r0 > 0.0 else 1e3 * t0
    (t1, r1) = high
    chord = t0 + (t1 - t0) * (wanted - r0) / (r1 - r0)
    return float(np.clip(chord, t0 + 0.02 * (t1 - t0), t1 - 0.02 * (t1 - t0)))


def _what_holds(form: StandardForm, cone: Cone, found: Touching) -> tuple[Vector, Vector] | None:
    """((m,), (N,)) by how much the rows and the bounds that hold the radius press for one unit of the cone's multiplier.

    None where the radius is not one number in every feasible point.
    """
    rows, bounds = np.zeros(form.A.shape[0]), np.zeros(form.n_columns)
    sizes = np.diff(form.A.indptr)
    for j, b in zip(cone.B[[0]].indices, cone.B[[0]].data, strict=True):
        single = np.flatnonzero((sizes == 1) & found.rows)
        single = single[form.A.indices[form.A.indptr[single]] == j]
        if found.columns[j]:
            bounds[j] += b
        elif len(single):
            rows[single[0]] += b / form.A.data[form.A.indptr[single[0]]]
        else:
            return None
    return rows, bounds


def _tail(cone: Cone, x: Vector) -> Vector:
    return np.asarray(cone.B[1:] @ x + cone.b[1:])


def _priced(form: StandardForm, k: int, t: float) -> StandardForm:
    cone = form.cones[k]
    tail = cone.B[1:].tocsc()
    columns = np.flatnonzero(np.diff(tail.indptr)).astype(np.intp)
    dense = tail[:, columns].toarray()
    q = t * form.q
    q[columns] += dense.T @ cone.b[1:]
    scaled = tuple(Quadratic(block.columns, t * block.M) for block in form.quadratics)
    return replace(
        form,
        quadratics=(*scaled, Quadratic(columns, dense.T @ dense)),
        q=q,
        constant=t * form.constant,
        cones=tuple(c for i, c in enumerate(form.cones) if i != k),
    )


def _unpriced(
    form: StandardForm, k: int, t: float, holds: tuple[Vector, Vector], raw: RawAnswer, x: Vector, duals: Duals
) -> RawAnswer:
    """The answer as one of the form itself, the price as the cone's multiplier, which presses on what holds the radius."""
    tail = _tail(form.cones[k], x)
    others = iter(part / t for part in duals.cones)
    own = np.concatenate([[float(np.linalg.norm(tail))], -tail]) / t
    cones = tuple(own if i == k else next(others) for i in range(len(form.cones)))
    rows, bounds = duals.rows / t + own[0] * holds[0], gathered(form, duals.bounds / t) + own[0] * holds[1]
    return replace(raw, x=x, duals=Duals(rows, spread(form, bounds), cones), polished=True)
