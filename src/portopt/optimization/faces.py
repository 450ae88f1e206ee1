"""Limits that leave one portfolio, or as good as one: a second-order cone that touches the rest in a single point.

The least volatility as a limit of max_return, a concentration of exactly 1/n: every feasible portfolio lies on the face of
the cone where it touches, and no finite multipliers say why the best of them is the best (Slater's condition fails). Let

    tau* = min tau   subject to   the rows, the box,  B_k x + b_k + tau c_k e_0 in K_k  for every cone        (c_k its size)

Opened enough, every cone has an inside, so that this program does have multipliers: y_f, t_f, z_f with A'y_f + t_f = B'z_f.
Where tau* is nothing they say of every feasible x that z_f'(Bx + b) = 0, so that B_k x + b_k is a multiple of (1, u_k),
u_k = -z_f1 / z_f0, and that whatever row or bound they press on is met. On that face the cone is a set of linear equations,
and ordinary multipliers exist again. They are stated beside (y_f, t_f, z_f): added often enough to the former, these make
multipliers of the whole that prove the optimum by weak duality alone, as closely as rounding lets the face be known.

Where there is a little room, -tau* = delta, the same multipliers added lambda ~ delta^(-1/2) times say where the optimum is,
closely enough for the polish. Source: Borwein and Wolkowicz (1981); Pataki (2013); Permenter and Parrilo (2018).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from scipy.linalg import lstsq, qr

from portopt.domain.arrays import Indices, Mask, Matrix, Vector
from portopt.domain.program import Cone, Group, StandardForm
from portopt.domain.solution import Duals, RawAnswer, SolveStatus
from portopt.optimization.convex import polished_near, solve_convex
from portopt.optimization.methods.ratio import ratio_near
from portopt.optimization.presolve import crossing, gathered, spread

Solve = Callable[[StandardForm], RawAnswer]

INF = float("inf")
MISSED = 5e-10  # in a limit's own unit: half of what the audit lets a limit be missed by
ROOM = 1e-5  # of a cone's radius: with more the ordinary way has no excuse
ROUNDED = 1e-14  # of a cone's radius: less room is none
DOUBTFUL = 1e-9  # of the objective's parts: a product of multiplier and slack that is not nothing
PRESSING = 1e-8  # of the largest multiplier
PARALLEL = 1e-9  # a singular value, relative to the largest
LARGEST = 2_500  # columns beyond which the face's equations are too many to solve densely
CHEAP = 1e3  # how much cheaper a row's multiplier is than a cone's: only the latter cost anything
CONDITION = 1e-13
REFINEMENTS = 3
NOTHING = 1e-17  # of a cone's radius: room that extended precision cannot tell from none
EXACT = np.longdouble
SMALLEST = 1e-2  # of a cone's largest coefficient: its size where its bound is next to nothing


@dataclass(frozen=True, slots=True, eq=False)
class Touching:
    """The point x (N,) of the least opening, the multipliers that prove it least, and what they say of every feasible point.

    room: -tau*, over the cones' sizes. cones: which of them touch. rows: (m,) met by every feasible point, the equality rows
    among them. columns: (N,) held at a bound in every feasible point.
    """

    x: Vector
    proof: Duals
    room: float
    cones: Indices
    rows: Mask
    columns: Mask


def settled_on_face(form: StandardForm, raw: RawAnswer, solve: Solve) -> RawAnswer | None:
    """The optimum of a form whose cones touch the rest; None where they do not, or where `raw` is no worse for it.

    raw: what the ordinary way came to. solve: the ordinary way, for the program on the face.
    """
    if not _in_doubt(form, raw):
        return None
    found = touching(form)
    if found is None:
        return None
    answer = _on_face(form, found, solve)
    if answer is None or answer.x is None or answer.duals is None:
        return None
    if found.room > ROUNDED:
        near = _moved_into(form, found, answer)
        return ratio_near(form, near) if form.ratio else polished_near(form, near)
    return answer


def _in_doubt(form: StandardForm, raw: RawAnswer) -> bool:
    """Whether a second-order cone may be why the answer is not exact, or not there."""
    if form.integer.any() or not form.cones or any(cone.kind != "second_order" for cone in form.cones):
        return False
    if raw.x is None or raw.duals is None:
        return raw.status in (SolveStatus.FAILED, SolveStatus.INFEASIBLE) and not crossing(form)
    if not raw.polished:
        return True
    parts = abs(float(raw.x @ form.P_times(raw.x))) + float(np.abs(form.q) @ np.abs(raw.x))
    products = [abs(float(z @ (c.B @ raw.x + c.b))) for c, z in zip(form.cones, raw.duals.cones, strict=True)]
    return max(products) > DOUBTFUL * parts


def touching(form: StandardForm) -> Touching | None:
    """Where the cones of a form touch the rest; None where they have room, or are missed by more than is let pass."""
    opened, sizes = _opened(form)
    raw = solve_convex(opened)
    if raw.x is None or raw.duals is None or not raw.polished:
        return None
    x, tau, proof = raw.x[:-1], float(raw.x[-1]), raw.duals
    t = gathered(form, proof.bounds)
    y_part = np.asarray(abs(form.A).T @ np.abs(proof.rows))
    largest = max(float(np.abs(t).max(initial=0.0)), float(y_part.max(initial=0.0)))
    norms = np.asarray(abs(form.A).max(axis=1).toarray()).ravel()
    touch = np.array([float(z[0]) * size > PRESSING for z, size in zip(proof.cones, sizes, strict=True)])
    heads = np.array([float((c.B @ x + c.b)[0]) + tau * size for c, size in zip(form.cones, sizes, strict=True)])
    cones = np.flatnonzero(touch)
    if tau * float(sizes[cones].max(initial=0.0)) > MISSED or np.any(-tau * sizes[cones] > ROOM * heads[cones]):
        return None
    pressed = np.abs(proof.rows) * norms > PRESSING * largest
    return Touching(
        x=x,
        proof=proof,
        room=-tau,
        cones=cones,
        rows=(form.row_lower == form.row_upper) | pressed,
        columns=np.abs(t) > PRESSING * largest,
    )


def _opened(form: StandardForm) -> tuple[StandardForm, Vector]:
    """(min tau with every cone opened by tau times its size, the sizes)."""
    sizes, cones = [], []
    for cone in form.cones:
        largest = max(float(np.abs(cone.B.data).max(initial=0.0)), float(np.abs(cone.b).max(initial=0.0)))
        size = max(abs(float(cone.b[0])), SMALLEST * largest)
        opening = sp.csr_array(([size], ([0], [0])), shape=(len(cone.b), 1))
        sizes.append(size)
        cones.append(replace(cone, B=sp.csr_array(sp.hstack([cone.B, opening]))))
    opened = replace(
        form,
        n_columns=form.n_columns + 1,
        quadratics=(),
        q=np.append(np.zeros(form.n_columns), 1.0),
        constant=0.0,
        A=sp.csr_array(sp.hstack([form.A, sp.csr_array((form.A.shape[0], 1))])),
        cones=tuple(cones),
        integer=np.append(form.integer, False),
        ratio=False,
        hinges=(),
    )
    return opened, np.array(sizes)


# --- the face -----------------------------------------------------------------------------------------------------


def _on_face(form: StandardForm, found: Touching, solve: Solve) -> RawAnswer | None:
    """The optimum among the points of the face, with multipliers that leave nothing over on it."""
    if np.count_nonzero(~found.columns) > LARGEST + len(form.cones) + sum(len(c.b) for c in form.cones):
        return None
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
    return _balanced(form, found, raw)


def _nothing(form: StandardForm) -> Duals:
    cones = tuple(np.zeros(len(cone.b)) for cone in form.cones)
    return Duals(np.zeros(len(form.row_lower)), np.zeros(len(form.bound_lower)), cones)


def _direction(found: Touching, k: int) -> Vector:
    """u with Bx + b a multiple of (1, u) on the face of cone k."""
    z = found.proof.cones[k]
    return np.asarray(-z[1:] / float(np.linalg.norm(z[1:])))


def _flat(cone: Cone, u: Vector) -> tuple[sp.csr_array, Vector]:
    """(D, c) with s1 - s0 u = D x + c: zero on the face."""
    head = cone.B[[0]]
    D = cone.B[1:] - sp.csr_array(u[:, None]) @ head if head.nnz else cone.B[1:]
    return sp.csr_array(D), cone.b[1:] - float(cone.b[0]) * u


def _equations(form: StandardForm, found: Touching) -> tuple[sp.csr_array, Vector]:
    """(E, side): what every point of the face satisfies; the form's own rows first, then the cones'."""
    flat = [_flat(form.cones[k], _direction(found, int(k)))[0] for k in found.cones]
    E = sp.csr_array(sp.vstack([form.A[found.rows], *flat]))
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
    if len(at) > LARGEST:
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


# --- multipliers --------------------------------------------------------------------------------------------------


def _gradient(form: StandardForm, x: Vector) -> Vector:
    """(N,) of what is minimized; of the utility program that a ratio's multipliers belong to."""
    Px = form.P_times(x)
    if not form.ratio:
        return np.asarray(Px + form.q)
    return np.asarray(-(float(form.q @ x) + form.constant) / float(x @ Px) * Px + form.q)


def _balanced(form: StandardForm, found: Touching, raw: RawAnswer) -> RawAnswer | None:
    """The answer with the least multipliers of what the face has given up that make it stationary, and the face's proof.

    Of a row or bound that every feasible point meets any sign would do; they are brought to the right one by adding the
    proof of the face, so that only the cones that touch have multipliers outside their duals. The proof is stated as many
    times as proves most; what it then lacks of balance, rounding at that size, the multipliers take up.
    """
    if raw.x is None or raw.duals is None:
        return None
    x, g, proof = raw.x, _gradient(form, raw.x), found.proof
    t = np.where(found.columns, 0.0, gathered(form, raw.duals.bounds))
    leftover = _Leftover(form, found)
    y, z = leftover.taken_up(raw.duals.rows, raw.duals.cones, g + t)
    held = np.where(found.columns, -_pulled(form, y, z) - g, 0.0)
    signs = _signs(form, found, y, held)
    y, z = y + signs * proof.rows, tuple(part + signs * own for part, own in zip(z, proof.cones, strict=True))
    times = _times(form, found, x, z)
    face = Duals(times * proof.rows, times * proof.bounds, tuple(times * part for part in proof.cones))
    lacking = _pulled(form, face.rows.astype(EXACT), tuple(part.astype(EXACT) for part in face.cones)).astype(float)
    z = tuple(_raised(part, own) if k in found.cones else part for k, (part, own) in enumerate(zip(z, face.cones, strict=True)))
    y, z = leftover.taken_up(y, z, g + t + lacking)
    t = np.where(found.columns, -_pulled(form, y, z) - g, t)
    return replace(raw, duals=Duals(y, spread(form, t), z, face))


def _raised(z: Vector, proof: Vector) -> Vector:
    """z with its first entry so large that together with the proof it lies in the dual cone."""
    both = z.astype(EXACT) + proof.astype(EXACT)
    short = float(np.sqrt(np.sum(both[1:] ** 2)) - both[0])
    return np.concatenate([[float(z[0]) + max(short, 0.0)], z[1:]])


def _pulled(form: StandardForm, y: Vector, z: tuple[Vector, ...]) -> Vector:
    """(N,) A'y - sum B'z, in the precision of y."""
    out = form.A.T.astype(y.dtype) @ y
    for cone, part in zip(form.cones, z, strict=True):
        out = out - cone.B.T.astype(y.dtype) @ part
    return np.asarray(out)


class _Leftover:
    """What is left of stationarity on the columns that no bound holds, taken up by what the face has given up.

    K: (columns, rows and entries of cones) what a change of those multipliers moves; the cones' at right angles to u, so
    that their products with Bx + b stay nothing. The change is the smallest that does it, rows for next to nothing.
    """

    def __init__(self, form: StandardForm, found: Touching) -> None:
        self.form, self.found = form, found
        self.columns, self.rows = np.flatnonzero(~found.columns), np.flatnonzero(found.rows)
        self.u = [_direction(found, int(k)) for k in found.cones]
        self.tails = [_pull(form.cones[k], u)[:, self.columns].toarray() for k, u in zip(found.cones, self.u, strict=True)]
        self.K = np.vstack([CHEAP * form.A[self.rows][:, self.columns].toarray(), *self.tails]).T

    def taken_up(self, y: Vector, z: tuple[Vector, ...], rest: Vector) -> tuple[Vector, tuple[Vector, ...]]:
        """y and z changed so that A'y - B'z + rest vanishes on the columns."""
        for _ in range(REFINEMENTS):
            y, z = self._step(y, z, (rest + _pulled(self.form, y, z))[self.columns])
        return y, z

    def _step(self, y: Vector, z: tuple[Vector, ...], left: Vector) -> tuple[Vector, tuple[Vector, ...]]:
        change, *_ = lstsq(self.K, -left, lapack_driver="gelsy", cond=CONDITION)
        y, out = y.copy(), list(z)
        y[self.rows] += CHEAP * change[: len(self.rows)]
        at = len(self.rows)
        for k, u, tail in zip(self.found.cones, self.u, self.tails, strict=True):
            part = change[at : at + len(tail)]
            out[k] = out[k] - np.concatenate([[0.0], part - (u @ part) * u])
            at += len(tail)
        return y, tuple(out)


def _signs(form: StandardForm, found: Touching, y: Vector, t: Vector) -> float:
    """How many times the proof of the face brings every row and bound that it presses on to its side."""
    inequality = form.row_lower < form.row_upper
    times = 0.0
    pressing = gathered(form, found.proof.bounds)
    for values, own, at in ((y, found.proof.rows, found.rows & inequality), (t, pressing, found.columns)):
        short = at & (values * own < 0.0)
        times = max(times, float((-values[short] / own[short]).max(initial=0.0)))
    return times


def _times(form: StandardForm, found: Touching, x: Vector, z: tuple[Vector, ...]) -> float:
    """How many times the proof, with c: a multiplier at right angles costs |v|^2 s / (2 c z_f), the room left c z_f times."""
    gain, room, size = _gain(form, found, x, z), 0.0, 0.0
    for k in found.cones:
        cone, own = form.cones[k], found.proof.cones[k].astype(EXACT)
        room += max(float(own @ (cone.B.astype(EXACT) @ x.astype(EXACT) + cone.b)), 0.0)
        size += float(own[0]) * float((cone.B @ x + cone.b)[0])
    best = float(np.sqrt(gain / (2.0 * max(room, NOTHING * size)))) if gain > 0.0 and size > 0.0 else 1.0
    return float(2.0 ** np.rint(np.log2(best)))  # a power of two: nothing is rounded by it


def _gain(form: StandardForm, found: Touching, x: Vector, z: tuple[Vector, ...]) -> float:
    """sum over the cones that touch of |v|^2 s0 / z_f0, v the part of the multiplier at right angles to u."""
    total = 0.0
    for k in found.cones:
        u, tail = _direction(found, int(k)), z[k][1:]
        v, head = tail - (u @ tail) * u, float((form.cones[k].B @ x + form.cones[k].b)[0])
        total += float(v @ v) * max(head, 0.0) / float(found.proof.cones[k][0])
    return total


def _pull(cone: Cone, u: Vector) -> sp.csr_array:
    """(d - 1, N): (I - uu') B1, the rows of a multiplier (0, v) with v at right angles to u."""
    tail = cone.B[1:]
    return sp.csr_array(tail - sp.csr_array(u[:, None]) @ sp.csr_array((u @ tail)[None, :]))


def _moved_into(form: StandardForm, found: Touching, answer: RawAnswer) -> RawAnswer:
    """Where the optimum is when the cones leave a little room: the face's point moved along what its multipliers ask for."""
    if answer.x is None or answer.duals is None:
        return answer
    proof, duals = found.proof, answer.duals
    times = float(np.sqrt(_gain(form, found, answer.x, duals.cones) / (2.0 * found.room)))
    x = answer.x.copy()
    if times > 0.0:
        J, rows = np.flatnonzero(~found.columns), np.flatnonzero(found.rows)
        blocks, asked = [CHEAP * form.A[rows][:, J].toarray()], [np.zeros(len(rows))]
        for k in found.cones:
            u, tail = _direction(found, int(k)), duals.cones[k][1:]
            head = float((form.cones[k].B @ answer.x + form.cones[k].b)[0])
            blocks.append(_pull(form.cones[k], u)[:, J].toarray())
            asked.append(-head / (times * float(proof.cones[k][0])) * (tail - (u @ tail) * u))
        x[J] += lstsq(np.vstack(blocks), np.concatenate(asked), lapack_driver="gelsy", cond=CONDITION)[0]
    cones = []
    for k, (part, own) in enumerate(zip(duals.cones, proof.cones, strict=True)):
        z = part + times * own
        z[0] = max(float(z[0]), float(np.linalg.norm(z[1:]))) if k in found.cones else z[0]
        cones.append(z)
    there = Duals(duals.rows + times * proof.rows, duals.bounds + times * proof.bounds, tuple(cones))
    return replace(answer, x=x, duals=there)
