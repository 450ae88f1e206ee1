"""Multipliers where a second-order cone touches the rest: finite ones on the face, and the proof of the face beside them.

On the face a row or bound that every feasible point meets may have a multiplier of either sign, and a cone that touches any
multiplier (0, v) with v at right angles to u, since Bx + b is a multiple of (1, u) there. Added c times to such multipliers,
the proof of the face makes them multipliers of the whole: weak duality then proves the optimum up to

    sum_k |v_k|^2 s_k0 / (2 c z_f,k0)   +   c times the room that is left, rounding at least

Where there is room, delta, the optimum is at c = sqrt(sum |v|^2 s0 / z_f0 / (2 delta)), moved from the face's point along -v.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.program import StandardForm
from portopt.domain.solution import Duals, RawAnswer
from portopt.optimization.scaling.presolve import gathered, spread
from portopt.optimization.tight_cones.touching import Touching, across

CHEAP = 1e3  # how much cheaper a row's multiplier is than a cone's: only the latter cost anything
CONDITION = 1e-13
REFINEMENTS = 3
NOTHING = 1e-17  # of a cone's radius: room that extended precision cannot tell from none
EXACT = np.longdouble


def balanced(form: StandardForm, found: Touching, raw: RawAnswer) -> RawAnswer:
    """An answer on the face with the least multipliers that make it stationary, and the face's proof.

    They are brought to the right sign by adding the proof, so that only the cones that touch have multipliers outside their
    duals. The proof is stated as many times as proves most; what it then lacks of balance, rounding at that size, the
    multipliers take up.
    """
    if raw.x is None or raw.duals is None:
        return raw
    g, proof = gradient(form, raw.x), found.proof
    t = np.where(found.columns, 0.0, gathered(form, raw.duals.bounds))
    y, z = _Leftover(form, found).taken_up(raw.duals.rows, raw.duals.cones, g + t)
    signs = _signs(form, found, y, np.where(found.columns, -_pulled(form, y, z) - g, 0.0))
    y, z = y + signs * proof.rows, tuple(part + signs * own for part, own in zip(z, proof.cones, strict=True))
    return _with_proof(form, found, raw, Duals(y, spread(form, t), z), _times(form, found, raw.x, z))


def apart(form: StandardForm, found: Touching, raw: RawAnswer, times: float) -> RawAnswer:
    """An answer beside the face, its multipliers as about so many times the proof of the face and what remains.

    Not more often than every row and bound that the proof presses on is pressed on: what remains keeps the right sign.
    """
    if raw.duals is None:
        return raw
    proof, inequality, held = found.proof, found.rows & (form.row_lower < form.row_upper), found.columns
    t, t_f = gathered(form, raw.duals.bounds)[held], gathered(form, proof.bounds)[held]
    ratios = np.concatenate([raw.duals.rows[inequality] / proof.rows[inequality], t / t_f])
    times = float(ratios.min(initial=times))
    if times <= 0.0:
        return raw
    z = tuple(part - times * own for part, own in zip(raw.duals.cones, proof.cones, strict=True))
    return _with_proof(form, found, raw, Duals(raw.duals.rows - times * proof.rows, raw.duals.bounds, z), times)


def moved_on(form: StandardForm, found: Touching, answer: RawAnswer, room: float, wider: float) -> RawAnswer:
    """Where the optimum is with more room, from where it is with less: the way from the face grows as the root of the room."""
    if answer.x is None or answer.duals is None:
        return answer
    proof, duals, growth = found.proof, answer.duals, float(np.sqrt(wider / room))
    z_f = np.array([float(proof.cones[k][0]) for k in found.cones])
    times = float(np.min(np.array([float(duals.cones[k][0]) for k in found.cones]) / z_f)) * (1.0 / growth - 1.0)
    cones = [part + times * own for part, own in zip(duals.cones, proof.cones, strict=True)]
    for k in found.cones:
        cones[k][0] = max(float(cones[k][0]), float(np.linalg.norm(cones[k][1:])))
    there = Duals(duals.rows + times * proof.rows, duals.bounds + times * proof.bounds, tuple(cones))
    return replace(answer, x=found.x + growth * (answer.x - found.x), duals=there)


def moved_into(form: StandardForm, found: Touching, answer: RawAnswer, room: float) -> tuple[RawAnswer, float]:
    """(where the optimum is when the cones leave a little room, how many times its multipliers hold the proof).

    answer: the optimum on the face, with its multipliers; room: above zero.
    """
    if answer.x is None or answer.duals is None:
        return answer, 0.0
    proof, duals, x = found.proof, answer.duals, answer.x.copy()
    times = float(np.sqrt(found.gain(form, x, duals.cones) / (2.0 * room)))
    if times > 0.0:
        steps = [
            -head / (times * float(proof.cones[k][0])) * v
            for k, head, v in zip(found.cones, found.heads(form, x), found.across(duals.cones), strict=True)
        ]
        left = _Leftover(form, found)
        asked = np.concatenate([np.zeros(len(left.rows)), *steps])
        x[left.columns] += _least_squares(left.K.T, asked)
    z = [part + times * own for part, own in zip(duals.cones, proof.cones, strict=True)]
    for k in found.cones:
        z[k][0] = max(float(z[k][0]), float(np.linalg.norm(z[k][1:])))
    there = Duals(duals.rows + times * proof.rows, duals.bounds + times * proof.bounds, tuple(z))
    return replace(answer, x=x, duals=there), times


def gradient(form: StandardForm, x: Vector) -> Vector:
    """(N,) of what is minimized; of the utility program that a ratio's multipliers belong to."""
    Px = form.P_times(x)
    if not form.ratio:
        return np.asarray(Px + form.q)
    return np.asarray(-(float(form.q @ x) + form.constant) / float(x @ Px) * Px + form.q)


def _with_proof(form: StandardForm, found: Touching, raw: RawAnswer, main: Duals, times: float) -> RawAnswer:
    """The answer with `main` and `times` the proof, in balance together; of main's bounds those of columns not held count."""
    if raw.x is None:
        return raw
    proof, g, t = found.proof, gradient(form, raw.x), gathered(form, main.bounds)
    face = Duals(times * proof.rows, times * proof.bounds, tuple(times * part for part in proof.cones))
    lacking = _pulled(form, face.rows.astype(EXACT), tuple(part.astype(EXACT) for part in face.cones)).astype(float)
    pairs = zip(main.cones, face.cones, strict=True)
    z = tuple(_raised(part, own) if k in found.cones else part for k, (part, own) in enumerate(pairs))
    t = np.where(found.columns, 0.0, t)
    y, z = _Leftover(form, found).taken_up(main.rows, z, g + t + lacking)
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
        pairs = zip(found.cones, found.u, strict=True)
        self.tails = [across(form.cones[k], u)[:, self.columns].toarray() for k, u in pairs]
        self.K = np.vstack([CHEAP * form.A[self.rows][:, self.columns].toarray(), *self.tails]).T

    def taken_up(self, y: Vector, z: tuple[Vector, ...], rest: Vector) -> tuple[Vector, tuple[Vector, ...]]:
        """y and z changed so that A'y - B'z + rest vanishes on the columns."""
        for _ in range(REFINEMENTS):
            y, z = self._step(y, z, (rest + _pulled(self.form, y, z))[self.columns])
        return y, z

    def _step(self, y: Vector, z: tuple[Vector, ...], left: Vector) -> tuple[Vector, tuple[Vector, ...]]:
        change = _least_squares(self.K, -left)
        y, out = y.copy(), list(z)
        y[self.rows] += CHEAP * change[: len(self.rows)]
        at = len(self.rows)
        for k, u, tail in zip(self.found.cones, self.found.u, self.tails, strict=True):
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
    """How many times the proof proves most: the c of the module's formula, the room taken in extended precision."""
    gain, room = found.gain(form, x, z), 0.0
    for k in found.cones:
        cone, own = form.cones[k], found.proof.cones[k].astype(EXACT)
        room += max(float(own @ (cone.B.astype(EXACT) @ x.astype(EXACT) + cone.b)), 0.0)
    size = float(sum(found.proof.cones[k][0] * head for k, head in zip(found.cones, found.heads(form, x), strict=True)))
    return float(np.sqrt(gain / (2.0 * max(room, NOTHING * size)))) if gain > 0.0 and size > 0.0 else 1.0


def _least_squares(K: Matrix, b: Vector) -> Vector:
    """The smallest x with K x nearest b."""
    from scipy.linalg import lstsq  # as in cone_faces.py: a quarter of SciPy, for few forms

    return np.asarray(lstsq(K, b, lapack_driver="gelsy", cond=CONDITION)[0])
