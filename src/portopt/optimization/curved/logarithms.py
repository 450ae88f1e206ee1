"""Programs whose objective has logarithms of single columns, by Newton's method (sequential_quadratic.py).

    minimize  f(x) - sum_i c_i log x_{k_i}        over rows, bounds and second-order cones

In the standard form a logarithm is a column t_i of cost -c_i under the exponential cone (t_i, 1, x_{k_i}), that is
t_i <= log x_{k_i}. Here -c log x is expanded to second order around x = v,

    -c log v - c (x - v)/v + c (x - v)^2 / (2 v^2),

and the answer to the quadratic program that leaves is the next v. The function is self-concordant: with a line search the
steps converge from anywhere. The multipliers of the whole form follow in closed form: (-c_i, c_i log x_i - c_i, c_i / x_i) for
the cone, the last program's own for everything else.

Source: Boyd and Vandenberghe (2004), 9.6 and 10.2; Richard and Roncalli (2019) for the risk budgets that need it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from portopt.domain.arrays import Indices, Vector
from portopt.domain.program import Cone, Quadratic, StandardForm
from portopt.domain.solution import Duals, RawAnswer, SolveStatus
from portopt.optimization.convex import polished_beside, solve_convex
from portopt.optimization.curved.sequential_quadratic import Point, solve_sequentially

STEPS = 59
SETTLED = 1e-9  # relative: the next step would move by its square
FLOORS = (1e-2, 1e-5, 1e-8)  # of the first guess: how far inside a first point is asked for
NEAR_THE_EDGE = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Logs:
    """t, w: (m,) columns under t_i <= log w_i; c: (m,) what t_i earns; cones: their positions among the form's cones."""

    t: Indices
    w: Indices
    c: Vector
    cones: Indices


def logarithms(form: StandardForm) -> Logs | None:
    """The form's exponential cones as logarithms of single columns; None where there are none, or others among them."""
    found = [(k, _log(cone)) for k, cone in enumerate(form.cones) if cone.kind == "exponential"]
    if not found or any(pair is None for _, pair in found) or form.ratio or form.integer.any():
        return None
    pairs = [pair for _, pair in found if pair is not None]
    t, w = np.array([p[0] for p in pairs], dtype=np.intp), np.array([p[1] for p in pairs], dtype=np.intp)
    used = np.zeros(form.n_columns, dtype=np.intp)
    np.add.at(used, form.A.indices, 1)
    np.add.at(used, form.bound_columns, 1)
    for cone in form.cones:
        np.add.at(used, cone.B.indices, 1)
    for block in form.quadratics:
        used[block.columns] += 1
    c = -form.q[t]
    own = (used[t] == 1).all() and (c > 0.0).all() and len(np.unique(w)) == len(w)
    kinds = all(cone.kind in ("exponential", "second_order") for cone in form.cones)
    return Logs(t, w, c, np.array([k for k, _ in found], dtype=np.intp)) if own and kinds else None


def solve_log_barrier(form: StandardForm, logs: Logs, *, start: Vector | None = None) -> RawAnswer:
    """The optimum with its multipliers, exact to rounding.

    start: (n,) weights near which it is looked for, in or out of the limits; where they are the answer one program says so.
    """
    began = perf_counter()
    x = np.zeros(form.n_columns)
    x[logs.w] = 1.0 / len(logs.w)
    if start is not None:
        inside = logs.w[logs.w < len(start)]
        x[inside] = np.where(start[inside] > 0.0, start[inside], x[inside])
    raw = solve_sequentially(_Barrier(form, logs), Point(x, np.zeros(form.A.shape[0]), solved=False), STEPS, _beside)
    if raw is None:
        return solve_convex(form)
    # A first program without a point says so of the whole: the logarithms only take points away.
    return raw if raw.status is SolveStatus.INFEASIBLE else replace(raw, seconds=perf_counter() - began)


def _beside(form: StandardForm, before: RawAnswer | None) -> RawAnswer:
    return polished_beside(form, before) or solve_convex(form)


@dataclass(frozen=True, slots=True, eq=False)
class _Barrier:
    """A form and its logarithms, expanded."""

    form: StandardForm
    logs: Logs

    def around(self, at: Point) -> StandardForm:
        return _expanded(self.form, self.logs, at.x[self.logs.w])

    def is_settled(self, at: Point, there: Point, *, polished: bool) -> bool:
        return float(np.abs(self.moved(at, there)).max()) <= SETTLED

    def stepped(self, at: Point, there: Point) -> Point | None:
        form, logs = self.form, self.logs
        if at.solved:
            x: Vector | None = _stepped(form, logs, at.x, there.x, self.moved(at, there))
        else:
            x = _inside(form, logs, at.x[logs.w], there.x)
        return None if x is None else Point(x, there.rows)

    def whole(self, at: Point, raw: RawAnswer) -> RawAnswer:
        return _whole(self.form, self.logs, raw)

    def moved(self, at: Point, there: Point) -> Vector:
        """(m,) how far the arguments of the logarithms have come, each relative to where it was."""
        v = at.x[self.logs.w]
        return np.asarray((there.x[self.logs.w] - v) / v)


def _log(cone: Cone) -> tuple[int, int] | None:
    """(t, w) of the cone (x_t, 1, x_w); None for any other."""
    B, b = cone.B, cone.b
    plain = B.indptr.tolist() == [0, 1, 1, 2] and bool((B.data == 1.0).all()) and b.tolist() == [0.0, 1.0, 0.0]
    return (int(B.indices[0]), int(B.indices[1])) if plain else None


def _expanded(form: StandardForm, logs: Logs, v: Vector, floor: float | None = None) -> StandardForm:
    """The form with its logarithms to second order around v; floor: of v, a lower bound for a first point inside."""
    q = form.q.copy()
    q[logs.t] = 0.0
    q[logs.w] -= 2.0 * logs.c / v
    columns, zeros = logs.t, np.zeros(len(logs.t))
    lower, upper = zeros, zeros
    if floor is not None:
        columns = np.concatenate([columns, logs.w])
        lower, upper = np.concatenate([zeros, floor * v]), np.concatenate([zeros, np.full(len(v), np.inf)])
    return replace(
        form,
        q=q,
        constant=form.constant + float(logs.c @ (1.5 - np.log(v))),
        quadratics=(*form.quadratics, Quadratic(logs.w, logs.c / v**2)),
        cones=tuple(cone for cone in form.cones if cone.kind != "exponential"),
        bound_columns=np.concatenate([form.bound_columns, columns]),
        bound_lower=np.concatenate([form.bound_lower, lower]),
        bound_upper=np.concatenate([form.bound_upper, upper]),
        bound_relax=np.concatenate([form.bound_relax, np.zeros(len(columns))]),
    )


def _inside(form: StandardForm, logs: Logs, v: Vector, found: Vector) -> Vector | None:
    """A first point within the limits where every logarithm exists: what the expanded program found where it is one."""
    if float((found[logs.w] / v).min()) > FLOORS[0]:
        return found
    for floor in FLOORS:
        within = solve_convex(_expanded(form, logs, v, floor))
        if within.status is SolveStatus.OPTIMAL and within.x is not None:
            return within.x
    return None


def _stepped(form: StandardForm, logs: Logs, x: Vector, towards: Vector, moved: Vector) -> Vector:
    """From x towards the expanded program's answer, as far as the function falls and every weight stays positive."""
    least = float(moved.min())
    t = 1.0 if least > -NEAR_THE_EDGE else -NEAR_THE_EDGE / least
    value = _function(form, logs, x)
    while t > 1e-6 and _function(form, logs, x + t * (towards - x)) > value + 1e-12 * abs(value):
        t *= 0.5
    return x + t * (towards - x)


def _function(form: StandardForm, logs: Logs, x: Vector) -> float:
    inside = x.copy()
    inside[logs.t] = np.log(x[logs.w])
    return form.objective(inside)


def _whole(form: StandardForm, logs: Logs, raw: RawAnswer) -> RawAnswer:
    """The answer to the whole form, its own columns and multipliers put back."""
    if raw.x is None or raw.duals is None:
        return raw
    x = raw.x.copy()
    w = x[logs.w]
    x[logs.t] = np.log(w)
    others = iter(raw.duals.cones)
    of_log = {int(k): np.array([-c, c * np.log(wi) - c, c / wi]) for k, c, wi in zip(logs.cones, logs.c, w, strict=True)}
    cones = tuple(of_log[k] if k in of_log else next(others) for k in range(len(form.cones)))
    duals = Duals(raw.duals.rows, raw.duals.bounds[: len(form.bound_columns)], cones)
    return replace(raw, x=x, duals=duals, solver=f"log-barrier, {raw.solver}")
