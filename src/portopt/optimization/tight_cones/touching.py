"""Where a form's second-order cones touch the rest of its limits in as good as one point, and the proof that they do.

Let c_k be a cone's size and

    tau* = min tau   subject to   the rows, the box,  B_k x + b_k + tau c_k e_0 in K_k  for every cone

Opened enough, every cone has an inside, so that this program has multipliers whatever the form's own objective: y_f, t_f, z_f
with A'y_f + t_f = B'z_f. Where tau* is nothing they say of every feasible x that z_f'(Bx + b) = 0, so that B_k x + b_k is a
multiple of (1, u_k), u_k = -z_f1 / |z_f1| (u_k = 0 where the apex is all that is left), and that whatever row or bound they
press on is met: the feasible set lies on that face of the cone. Where tau* is above zero they say that there is none.
Source: Borwein and Wolkowicz (1981); Pataki (2013); Permenter and Parrilo (2018).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.program import Cone, StandardForm
from portopt.domain.solution import Duals
from portopt.optimization.convex import solve_convex
from portopt.optimization.scaling.presolve import gathered

NO_RADIUS = 5e-10  # in a limit's own unit: a limit that small is one of nothing
ROOM = 1e-5  # of a cone's radius: with more the ordinary way has no excuse
PRESSING = 1e-8  # of the largest multiplier
SOLVED_DENSELY = 2_500  # columns, or entries of a cone, beyond which the face's equations are too many to solve densely
SMALLEST = 1e-2  # of a cone's largest coefficient: its size where its bound is next to nothing
APEX = 1e-9  # of a cone's size: a radius that is none


@dataclass(frozen=True, slots=True, eq=False)
class Touching:
    """The point x (N,) of the least opening, the multipliers that prove it least, and what they say of every feasible point.

    room: -tau*, over the cones' sizes. missed: tau* in a limit's own unit, the largest. cones: which of them touch; sizes, u:
    for each the size it opens by and the direction of its face. rows: (m,) met by every feasible point, the equality rows
    among them. columns: (N,) held at a bound in every feasible point.
    """

    x: Vector
    proof: Duals
    room: float
    missed: float
    cones: Indices
    sizes: Vector
    u: tuple[Vector, ...]
    rows: Mask
    columns: Mask

    def heads(self, form: StandardForm, x: Vector) -> Vector:
        """The first entry of Bx + b of every cone that touches: its radius."""
        return np.array([float((form.cones[k].B[[0]] @ x)[0] + form.cones[k].b[0]) for k in self.cones])

    def across(self, z: tuple[Vector, ...]) -> list[Vector]:
        """For every cone that touches the part of its multiplier's tail at right angles to u."""
        return [z[k][1:] - (u @ z[k][1:]) * u for k, u in zip(self.cones, self.u, strict=True)]

    def narrowed(self, form: StandardForm, room: float) -> StandardForm:
        """The form with its cones closed until only `room` is left."""
        cones = list(form.cones)
        for k, size in zip(self.cones, self.sizes, strict=True):
            b = cones[k].b.copy()
            b[0] -= (self.room - room) * float(size)
            cones[k] = replace(cones[k], b=b)
        return replace(form, cones=tuple(cones))

    def gain(self, form: StandardForm, x: Vector, z: tuple[Vector, ...]) -> float:
        """sum over the cones that touch of |v|^2 s0 / z_f0, v the multiplier's part across: what a little room is worth."""
        weights = np.array([float(self.proof.cones[k][0]) for k in self.cones])
        squares = np.array([float(v @ v) for v in self.across(z)])
        return float((squares * np.maximum(self.heads(form, x), 0.0) / weights).sum())


def touching(form: StandardForm) -> Touching | None:
    """Where the cones of a form touch the rest, or miss it; None where they have room, or that cannot be told."""
    opened, sizes = _opened(form)
    raw = solve_convex(opened)
    if raw.x is None or raw.duals is None or not raw.polished:
        return None
    x, tau, proof = raw.x[:-1], float(raw.x[-1]), raw.duals
    cones = np.flatnonzero([float(z[0]) * size > PRESSING for z, size in zip(proof.cones, sizes, strict=True)])
    t, y = gathered(form, proof.bounds), np.abs(proof.rows)
    largest = max(float(np.abs(t).max(initial=0.0)), float((abs(form.A).T @ y).max(initial=0.0)))
    found = Touching(
        x=x,
        proof=proof,
        room=-tau,
        missed=float(np.max(tau * sizes[cones], initial=-np.inf)),
        cones=cones,
        sizes=sizes[cones],
        u=tuple(_direction(form.cones[k], proof.cones[k], x, tau, float(sizes[k])) for k in cones),
        rows=(form.row_lower == form.row_upper) | (y * _largest_in_row(form) > PRESSING * largest),
        columns=np.abs(t) > PRESSING * largest,
    )
    opening, heads = tau * sizes[cones], found.heads(form, x)
    room = np.where([u.any() for u in found.u], ROOM * (heads + opening), NO_RADIUS)
    widest = max([int(np.count_nonzero(~found.columns)), *(len(form.cones[k].b) for k in cones)])
    touch = len(cones) > 0 and np.all(-opening <= room)
    return found if touch and widest <= SOLVED_DENSELY else None


def _direction(cone: Cone, z: Vector, x: Vector, tau: float, size: float) -> Vector:
    """u of a cone's face, -z1 / |z1|; nothing where the opened cone's apex is the answer: there Bx + b is nothing too."""
    head = float((cone.B[[0]] @ x)[0] + cone.b[0]) + tau * size
    norm = float(np.linalg.norm(z[1:]))
    return np.zeros(len(z) - 1) if head <= APEX * size or norm == 0.0 else np.asarray(-z[1:] / norm)


def flat(cone: Cone, u: Vector) -> sp.csr_array:
    """(d - 1, N) D with s1 - s0 u = D x + constant: zero on the face."""
    head = cone.B[[0]]
    return sp.csr_array(cone.B[1:] - sp.csr_array(u[:, None]) @ head if head.nnz else cone.B[1:])


def across(cone: Cone, u: Vector) -> sp.csr_array:
    """(d - 1, N): (I - uu') B1, what a multiplier (0, v) with v at right angles to u pulls with."""
    tail = cone.B[1:]
    return sp.csr_array(tail - sp.csr_array(u[:, None]) @ sp.csr_array((u @ tail)[None, :]))


def _largest_in_row(form: StandardForm) -> Vector:
    return np.asarray(abs(form.A).max(axis=1).toarray()).ravel() if form.A.nnz else np.zeros(form.A.shape[0])


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
