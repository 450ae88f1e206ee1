"""Limits that leave one portfolio, or as good as one: a second-order cone that touches the rest in a single point.

The least volatility as a limit of max_return, a concentration of exactly 1/n: no finite multipliers say why the best of what
is left is the best (Slater's condition fails), and what an interior point or the polish come to is off by the root of what
rounds. `touching.py` says where that is so. On the face that every feasible point lies on, the cone is a set of linear
equations, mostly of one solution, and the program on it is an ordinary one. Where there is a little room the point of the
face and its multipliers say where the optimum is, closely enough for the polish (`face_multipliers.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.domain.program import Group, StandardForm
from portopt.domain.solution import Duals, RawAnswer, SolveStatus
from portopt.optimization.convex import polished_near
from portopt.optimization.ratio.utility import ratio_near
from portopt.optimization.scaling.presolve import crossing
from portopt.optimization.tight_cones.face_multipliers import apart, balanced, moved_into, moved_on
from portopt.optimization.tight_cones.out_of_reach import NEAREST
from portopt.optimization.tight_cones.priced_cone import solve_by_price
from portopt.optimization.tight_cones.touching import SOLVED_DENSELY, Touching, flat, touching

Solve = Callable[[StandardForm], RawAnswer]

MISSED = 1e-9  # in a limit's own unit: more than the audit lets a limit be missed by
ROUNDED = 1e-16  # of a cone's radius: less room is none
SLIVER = 1e-10  # of a cone's radius: with less the point moved to is as good as any polish
FIRST_ROOM = 1e-11  # of a cone's radius: the first step from the face to a set with more room
WIDER, LEAST_WIDER = 10.0, 1.02  # times the room, a step; the root of it where that is too far
STEPS = 40
DOUBTFUL = 1e-9  # of the objective's parts: a product of multiplier and slack that is not nothing
DEAR = 1e3  # of the objective's parts: a limit that is worth more is one that hardly holds
PARALLEL = 1e-9  # a singular value, relative to the largest


def settled_on_face(form: StandardForm, raw: RawAnswer, solve: Solve) -> RawAnswer | None:
    """The optimum of a form whose cones touch the rest; None where they do not, or where `raw` is no worse for it.

    raw: what the ordinary way came to. solve: the ordinary way, for the program on the face.
    """
    if not _in_doubt(form, raw):
        return None
    found = touching(form)
    if found is None:
        return None
    if found.missed > MISSED:
        why = f"the cones are missed by {found.missed:.1e} at least"
        return replace(raw, status=SolveStatus.INFEASIBLE, x=None, duals=None, polished=False, message=why)
    answer = _on_face(form, found, solve)
    if answer is None or answer.x is None or answer.duals is None:
        return None
    if found.room <= ROUNDED or found.gain(form, answer.x, answer.duals.cones) == 0.0:
        return answer
    near, times = moved_into(form, found, answer, found.room)
    exact = _near(form, near) or _widening(form, found, answer)
    if exact is None and found.room > SLIVER and len(found.cones) == 1:
        return solve_by_price(form, int(found.cones[0]), found, solve, _near)
    if exact is None and found.room > SLIVER:
        return None
    return apart(form, found, exact or near, times) if times > DEAR * _parts(form, near.x) else exact


def _near(form: StandardForm, near: RawAnswer) -> RawAnswer | None:
    return ratio_near(form, near) if form.ratio else polished_near(form, near)


def _widening(form: StandardForm, found: Touching, answer: RawAnswer) -> RawAnswer | None:
    """The optimum reached through ever more room: what binds at the face's point changes on the way, a little at a time."""
    room, step = FIRST_ROOM, WIDER
    if room >= found.room:
        return None
    exact = _near(found.narrowed(form, room), moved_into(form, found, answer, room)[0])
    for _ in range(STEPS):
        if exact is None or room >= found.room or step < LEAST_WIDER:
            break
        wider = min(step * room, found.room)
        there = found.narrowed(form, wider) if wider < found.room else form
        further = _near(there, moved_on(form, found, exact, room, wider))
        if further is None:
            step = float(np.sqrt(step))
        else:
            exact, room = further, wider
    return exact if room >= found.room else None


def _in_doubt(form: StandardForm, raw: RawAnswer) -> bool:
    """Whether a second-order cone may be why the answer is not exact, or not there."""
    if form.integer.any() or not form.cones or any(cone.kind != "second_order" for cone in form.cones):
        return False
    if raw.solver == NEAREST:  # proven, and by far
        return False
    if raw.x is None or raw.duals is None:
        return raw.status in (SolveStatus.FAILED, SolveStatus.INFEASIBLE) and not crossing(form)
    if not raw.polished:
        return True
    parts = _parts(form, raw.x)
    for cone, z in zip(form.cones, raw.duals.cones, strict=True):
        s = cone.B @ raw.x + cone.b
        if abs(float(z @ s)) > DOUBTFUL * parts or abs(float(z[0] * s[0])) > DEAR * parts:
            return True
    return False


def _parts(form: StandardForm, x: Vector | None) -> float:
    """x'Px + sum |q_j x_j|: what a product of a multiplier is small or large against."""
    return 0.0 if x is None else abs(float(x @ form.P_times(x))) + float(np.abs(form.q) @ np.abs(x))


def _on_face(form: StandardForm, found: Touching, solve: Solve) -> RawAnswer | None:
    """The optimum among the points of the face, with multipliers that leave nothing over on it."""
    equations, sides = _equations(form, found)
    open_ = _undetermined(equations, found)
    if open_ is None:
        return None
    raw = RawAnswer(SolveStatus.OPTIMAL, found.x, _nothing(form), "face", 0, 0.0, polished=True)
    if open_.any() or form.ratio:  # the ratio's own refusals are worth the solve
        part = _restricted(form, found, equations, sides, open_)
        raw = solve(part)
        if raw.x is None or raw.duals is None or raw.status is not SolveStatus.OPTIMAL:
            return None
        raw = _widened(form, found, raw)
    return balanced(form, found, raw)


def _nothing(form: StandardForm) -> Duals:
    cones = tuple(np.zeros(len(cone.b)) for cone in form.cones)
    return Duals(np.zeros(len(form.row_lower)), np.zeros(len(form.bound_lower)), cones)


def _equations(form: StandardForm, found: Touching) -> tuple[sp.csr_array, Vector]:
    """(E, side): what every point of the face satisfies; the form's own rows first, then the cones'."""
    pairs = zip(found.cones, found.u, strict=True)
    E = sp.csr_array(sp.vstack([form.A[found.rows], *(flat(form.cones[k], u) for k, u in pairs)]))
    return E, np.asarray(E @ found.x)


def _undetermined(E: sp.csr_array, found: Touching) -> Mask | None:
    """(N,) columns that the equations leave open. None where they are too many to say."""
    open_ = ~found.columns
    while True:  # equations of one column, then of one more: a scenario's shortfall, before the weights behind it
        counts = (E != 0).astype(float) @ open_.astype(float)
        rest = E[np.flatnonzero(counts == 1.0)]
        single = np.unique(rest.indices[open_[rest.indices] & (rest.data != 0.0)])
        if len(single) == 0:
            break
        open_[single] = False
    at = np.flatnonzero(open_)
    if len(at) > SOLVED_DENSELY:
        return None
    M = E[np.flatnonzero(counts > 0.0)][:, at].toarray()
    null = _null_space(M / np.maximum(np.abs(M).max(axis=1, initial=0.0), 1e-300)[:, None])
    open_[at] = np.abs(null).max(axis=1, initial=0.0) > PARALLEL
    return open_


def _null_space(M: Matrix) -> Matrix:
    if M.shape[0] == 0:
        return np.eye(M.shape[1])
    _, sizes, V = np.linalg.svd(M, full_matrices=True)
    rank = int((sizes > PARALLEL * max(float(sizes.max(initial=0.0)), 1e-300)).sum())
    return np.asarray(V[rank:].T)


def _restricted(form: StandardForm, found: Touching, E: sp.csr_array, sides: Vector, open_: Mask) -> StandardForm:
    """The form on the face: what is determined held, the cones that touch replaced by the equations that are not yet said."""
    held, own = np.flatnonzero(~open_), int(found.rows.sum())
    equality = form.row_lower[found.rows] == form.row_upper[found.rows]
    said, new = E[:own][np.flatnonzero(equality)], sp.csr_array(sp.vstack([E[:own][np.flatnonzero(~equality)], E[own:]]))
    values = np.concatenate([sides[:own][~equality], sides[own:]])
    kept = _independent(new[:, np.flatnonzero(open_)].toarray(), said[:, np.flatnonzero(open_)].toarray())
    m, k, count = len(form.row_lower), len(form.bound_lower), len(held)
    return replace(
        form,
        A=sp.csr_array(sp.vstack([form.A, new[kept]])),
        row_lower=np.concatenate([form.row_lower, values[kept]]),
        row_upper=np.concatenate([form.row_upper, values[kept]]),
        row_relax=np.concatenate([form.row_relax, np.zeros(len(kept))]),
        row_groups=(*form.row_groups, Group(m, m + len(kept), "")),
        bound_columns=np.concatenate([form.bound_columns, held]),
        bound_lower=np.concatenate([form.bound_lower, found.x[held]]),
        bound_upper=np.concatenate([form.bound_upper, found.x[held]]),
        bound_relax=np.concatenate([form.bound_relax, np.zeros(count)]),
        bound_groups=(*form.bound_groups, Group(k, k + count, "")),
        cones=tuple(cone for i, cone in enumerate(form.cones) if i not in set(found.cones.tolist())),
    )


def _independent(M: Matrix, said: Matrix) -> Indices:
    """Rows of M that say something new of the open columns, beside `said` and each other."""
    from scipy.linalg import qr  # 30 ms to import, and few forms have cones that touch the rest

    if min(M.shape) == 0:
        return np.zeros(0, dtype=np.intp)
    M = M / np.maximum(np.abs(M).max(axis=1), 1e-300)[:, None]
    if len(said):
        Q, R, _ = qr(said.T, mode="economic", pivoting=True)
        basis = Q[:, np.abs(np.diagonal(R)) > PARALLEL * max(float(abs(R[0, 0])), 1e-300)]
        M = M - (M @ basis) @ basis.T
    _, R, order = qr(M.T, mode="economic", pivoting=True)
    return np.sort(order[: int((np.abs(np.diagonal(R)) > PARALLEL).sum())]).astype(np.intp)


def _widened(form: StandardForm, found: Touching, raw: RawAnswer) -> RawAnswer:
    """An answer on the face as one to the form: the multipliers of what only the face has left out."""
    if raw.x is None or raw.duals is None:
        return raw
    rest = iter(raw.duals.cones)
    touched = set(found.cones.tolist())
    cones = tuple(np.zeros(len(c.b)) if k in touched else next(rest) for k, c in enumerate(form.cones))
    return replace(raw, duals=Duals(raw.duals.rows[: len(form.row_lower)], raw.duals.bounds[: len(form.bound_lower)], cones))
