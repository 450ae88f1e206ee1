"""An optimum and everything near it: the optimality conditions on what binds, linearized, and the distance they hold.

At the answer the columns on a bound, the rows on a side and the cones on their surface stay there, and

    [ H   A' ] [dx]   [ -d(gradient)            ]      H = P + sum pull_k (B1'B1 - B0'B0)_k
    [ A   0  ] [dy] = [  d(side) - d(activity)  ]

is exact where no cone binds and of first order where one does (its gradient is one more row of A, its multiplier `pull` one
more y). A Sharpe ratio has one unknown more, the risk aversion gamma of its utility program, and one equation more,
gamma x'Px + q'x + constant = 0.  Source: Fiacco (1983), chapter 2; Best and Grauer (1991) for portfolios.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.program import Quadratic, StandardForm
from portopt.domain.solution import RawAnswer
from portopt.optimization.frontier.basis import Basis, Singular
from portopt.optimization.frontier.unique_basis import determine, unstick
from portopt.optimization.interior_point.second_order import longest_step
from portopt.optimization.ratio.utility import utility_form
from portopt.optimization.scaling.cone_map import ConeMap, cone_maps
from portopt.optimization.scaling.presolve import Scaled, scaled
from portopt.optimization.scaling.quadric import Quadric

PRESSING = 1e-9  # of the gradient: a multiplier below it does not press
TOUCHING = 1e-11  # scaled: a side that near is touched
STILL = 1e-11  # of the largest rate of its kind
UNDECIDED = 1e-9
MOST = 2_400  # unknowns: the inverse is made once, in half a second


@dataclass(frozen=True, slots=True)
class Change:
    """What one unit of a parameter does to the form at the answer, explicitly.

    gradient (N,); row_lower, row_upper, activity (m,); lower, upper (N,) the box; cones (c,) of the room s0 - ||s1||;
    ratio: of q'x + constant.
    """

    gradient: Vector
    row_lower: Vector
    row_upper: Vector
    activity: Vector
    lower: Vector
    upper: Vector
    cones: Vector
    ratio: float = 0.0

    @classmethod
    def none(cls, form: StandardForm) -> Change:
        N, m, c = form.n_columns, form.A.shape[0], len(form.cones)
        return cls(np.zeros(N), np.zeros(m), np.zeros(m), np.zeros(m), np.zeros(N), np.zeros(N), np.zeros(c))


@dataclass(frozen=True, slots=True)
class Response:
    """x (N,) per unit of the parameter; steps (2, 2 size) forward and backward until each slot's event (see parametric)."""

    x: Vector
    steps: Vector


class Local:
    """The neighbourhood of one polished answer. Raises Singular where its weights are not determined at all.

    columns are those of the scaled program, rows its rows and then the cones that bind. chosen: whether the multipliers
    had to be chosen among several.
    """

    def __init__(self, form: StandardForm, raw: RawAnswer) -> None:
        if raw.x is None or raw.duals is None:
            raise Singular
        self.form, self.raw, self.x_form = form, raw, raw.x
        self.gamma = 1.0
        utility = form
        if form.ratio:
            variance = float(raw.x @ form.P_times(raw.x))
            self.gamma = -(float(form.q @ raw.x) + form.constant) / variance
            utility = utility_form(form, self.gamma)
        program = scaled(utility)
        size = program.objective_scale
        self.x = raw.x[program.columns] / program.column_scale
        y = raw.duals.rows[program.rows] / program.row_scale * size
        maps = cone_maps(program)
        self.maps, self.cone_scale = maps, program.cone_scale
        self.pressing = [k for k, z in enumerate(raw.duals.cones) if float(np.abs(z).max(initial=0.0)) > 0.0]
        self.idle = [k for k in range(len(maps)) if k not in self.pressing]
        pulls: list[float] = []
        gradients: list[Vector] = []
        self.firsts: list[float] = []
        for k in self.pressing:
            s = maps[k].times(self.x) + maps[k].b
            self.firsts.append(float(s[0]))
            pulls.append(float(raw.duals.cones[k][0]) / program.cone_scale[k] * size / float(s[0]))
            gradients.append(maps[k].back(np.concatenate([[-s[0]], s[1:]])))
        self.program = _curved(program, maps, self.pressing, pulls, gradients, self.x)
        self.y = np.concatenate([y, pulls])
        gradient = self.program.P.times(self.x) - _cone_excess(maps, self.pressing, pulls, self.x)
        self.t = -(gradient + program.q + self.program.A.T @ self.y)
        self._choose()

    def _choose(self) -> None:
        """What binds, and a basis for it; multipliers chosen where they are not unique."""
        p = self.program
        self.scale = max(1.0, float(np.abs(p.q[: len(p.wanted)][p.wanted]).max(initial=0.0)))
        floor = PRESSING * self.scale
        activity = np.asarray(p.A @ self.x)
        self.at_lower, self.at_upper = self.x <= p.lower + TOUCHING, self.x >= p.upper - TOUCHING
        self.row_lower = activity <= p.row_lower + TOUCHING
        self.row_upper = activity >= p.row_upper - TOUCHING
        equality = p.row_lower == p.row_upper
        free = ~(self.at_lower | self.at_upper)
        on = equality | (np.abs(self.y) > floor)
        self.t = np.where(free, 0.0, np.where(np.abs(self.t) > floor, self.t, 0.0))
        self.y = np.where(on, self.y, 0.0)
        self.weak = ~free & (self.t == 0.0)
        self.weak_rows = ~on & (self.row_lower | self.row_upper)
        before = free.copy(), on.copy()
        unstick(p, free, on, self.y, self.t)
        try:
            self.basis = Basis(p, free, on, MOST)
        except Singular:
            x = self.x.copy()
            determine(p, free, on, x, self.y, self.t)
            self.basis = Basis(p, free, on, MOST)
        self.moved = bool((free < before[0]).any())  # a free direction had to be held: other points are as good
        self.freed = np.flatnonzero(free & ~before[0]), np.flatnonzero(before[1] & ~on)

    def respond(self, change: Change) -> Response:
        """The derivative of everything with respect to the parameter."""
        p, M = self.program, len(self.x)
        held = self._held_moves(change)
        gradient = change.gradient[p.columns] * p.column_scale * p.objective_scale
        side = np.where(self._presses_low(), change.row_lower[p.rows], change.row_upper[p.rows])
        right_rows = (side - change.activity[p.rows]) * p.row_scale
        # h = (||s1||^2 - s0^2) / 2 changes by -s0 times what the room does.
        cones = np.array([change.cones[k] * self.cone_scale[k] * s0 for k, s0 in zip(self.pressing, self.firsts, strict=True)])
        right = np.concatenate([-gradient, right_rows, cones])
        top, bottom = self.basis.times(np.concatenate([held, np.zeros(self.basis.r)]))
        v = self._solved(right - np.concatenate([top, bottom]))
        v[:M] += held
        if self.form.ratio:
            v += self._gamma_step(v, change) * self._along_gamma()
        top, bottom = self.basis.times(v)
        rates = np.concatenate([v[:M], bottom, -(top + gradient), v[M:]])
        if self.form.ratio:
            rates[M + self.basis.r : 2 * M + self.basis.r] -= self._last_gamma * self._gamma_gradient()
        rates[M : M + self.basis.r] += np.append(change.activity[p.rows] * p.row_scale, -cones)
        x = np.zeros(self.form.n_columns)
        x[p.columns] = v[:M] * p.column_scale
        return Response(x, self._steps(rates, change))

    def _solved(self, right: Vector) -> Vector:
        v = self.basis.solve(right)
        outside = np.concatenate([~self.basis.free, ~self.basis.on])
        for _ in range(2):
            left = right - np.concatenate(self.basis.times(v))
            left[outside] = 0.0
            v += self.basis.solve(left)
        return v

    def _held_moves(self, change: Change) -> Vector:
        p = self.program
        low = change.lower[p.columns] / p.column_scale
        high = change.upper[p.columns] / p.column_scale
        return np.asarray(np.where(self.basis.free, 0.0, np.where(self.t > 0.0, high, np.where(self.at_lower, low, high))))

    def _presses_low(self) -> Mask:
        rows = len(self.program.rows)
        return np.asarray((self.y[:rows] < 0.0) | ((self.y[:rows] == 0.0) & self.row_lower[:rows]))

    def _gamma_gradient(self) -> Vector:
        """(M,) d(gradient)/d(gamma) in the scaled program."""
        p = self.program
        return np.asarray(self.form.P_times(self.x_form)[p.columns] * p.column_scale * p.objective_scale)

    def _along_gamma(self) -> Vector:
        right = np.concatenate([-self._gamma_gradient(), np.zeros(self.basis.r)])
        return self._solved(right)

    def _gamma_step(self, v: Vector, change: Change) -> float:
        """The change of gamma that keeps gamma x'Px + q'x + constant = 0. Raises Singular where gamma decides nothing."""
        p, form, x = self.program, self.form, self.x_form
        Px = form.P_times(x)
        slope = (2.0 * self.gamma * Px + form.q)[p.columns] * p.column_scale
        M = len(self.x)
        along = self._along_gamma()
        below = float(x @ Px) + float(slope @ along[:M])
        if abs(below) <= UNDECIDED * float(x @ Px):
            raise Singular
        self._last_gamma = -(float(slope @ v[:M]) + change.ratio) / below
        return self._last_gamma

    def _steps(self, rates: Vector, change: Change) -> Vector:
        """(2, slots) how far the parameter may rise and fall until each value meets its side; sides may move too."""
        p, M, r = self.program, len(self.x), self.basis.r
        size, c = M + r, len(self.pressing)
        values = np.concatenate([self.x, np.asarray(p.A @ self.x), self.t, self.y])
        lower = np.concatenate([p.lower, p.row_lower, np.full(size, -np.inf)])
        upper = np.concatenate([p.upper, p.row_upper, np.full(size, np.inf)])
        cone = np.zeros(c)
        low_rate = np.concatenate([change.lower[p.columns] / p.column_scale, change.row_lower[p.rows] * p.row_scale, cone])
        high_rate = np.concatenate([change.upper[p.columns] / p.column_scale, change.row_upper[p.rows] * p.row_scale, cone])
        held = np.concatenate([~self.basis.free, self.basis.on])
        presses_low = np.concatenate([np.where(self.t == 0.0, self.at_lower, self.t < 0.0), self.y < 0.0])
        presses_low[M : M + r - c] |= self._presses_low() & held[M : M + r - c]
        equality = np.concatenate([np.zeros(M, dtype=bool), p.row_lower == p.row_upper])
        equality[size - c :] = False
        # What is held moves with its own side; the opposite one may still be met.
        lower[:size][held & (presses_low | equality)] = -np.inf
        upper[:size][held & (~presses_low | equality)] = np.inf
        lower[size:][held & ~presses_low & ~equality] = 0.0
        upper[size:][held & presses_low & ~equality] = 0.0
        moving_low = np.concatenate([low_rate, np.zeros(size)])
        moving_high = np.concatenate([high_rate, np.zeros(size)])
        steps = np.full((2, 2 * size), np.inf)
        for i, sign in enumerate((1.0, -1.0)):
            for side, side_rate, closing in ((upper, moving_high, 1.0), (lower, moving_low, -1.0)):
                speed = closing * sign * (rates - side_rate)
                still = STILL * np.repeat([float(np.abs(part).max(initial=0.0)) for part in np.split(rates, [size])], size)
                room = np.maximum(closing * (side - values), 0.0)
                moving = (speed > still) & np.isfinite(side)
                reach = np.divide(room, speed, out=np.full(2 * size, np.inf), where=moving)
                np.minimum(steps[i], reach, out=steps[i])
        return np.hstack([steps, self._to_idle_cones(rates[:M], change)])

    def _to_idle_cones(self, dx: Vector, change: Change) -> Vector:
        """(2, c) how far until a cone that does not press is touched."""
        out = np.full((2, len(self.idle)), np.inf)
        for j, k in enumerate(self.idle):
            s, ds = self.maps[k].times(self.x) + self.maps[k].b, self.maps[k].times(dx)
            ds[0] += change.cones[k] * self.cone_scale[k]
            out[:, j] = longest_step(s, ds, np.inf), longest_step(s, -ds, np.inf)
        return out

    @property
    def is_curved(self) -> bool:
        return bool(self.pressing) or self.form.ratio

    def scaled_rows(self) -> Indices:
        """(r,) the form's row of each row here; -1 - k for the k-th cone."""
        return np.concatenate([self.program.rows, [-1 - k for k in self.pressing]]).astype(np.intp)


def _curved(
    program: Scaled, maps: list[ConeMap], pressing: list[int], pulls: list[float], gradients: list[Vector], x: Vector
) -> Scaled:
    """The program with the curvature of the cones that bind, and their gradients as rows held where they are."""
    if not pressing:
        return program
    everywhere = np.arange(len(program.q))
    parts = [Quadratic(everywhere, program.P.diagonal)]
    if len(program.P.columns):
        parts.append(Quadratic(program.P.columns, program.P.block))
    for k, pull in zip(pressing, pulls, strict=True):
        cone = maps[k]
        parts.append(Quadratic(cone.columns, pull * (cone.diagonal - (cone.first**2 if cone.single_first else 0.0))))
        if not cone.single_first:
            parts.append(Quadratic(cone.columns, -pull * np.outer(cone.first, cone.first)))
        if len(cone.wide):
            block = cone.multiple * program.P.block if cone.multiple else cone.gram()
            parts.append(Quadratic(cone.columns[cone.wide], pull * block))
    G = np.array(gradients)
    sides = G @ x
    return replace(
        program,
        P=Quadric.of(parts, len(program.q)),
        A=sp.csr_array(sp.vstack([program.A, sp.csr_array(G)])),
        row_lower=np.concatenate([program.row_lower, sides]),
        row_upper=np.concatenate([program.row_upper, sides]),
        cones=(),
    )


def _cone_excess(maps: list[ConeMap], pressing: list[int], pulls: list[float], x: Vector) -> Vector:
    """(M,) sum pull (B1'B1 - B0'B0) x: counted in the curvature, and no part of the gradient at x."""
    out = np.zeros(len(x))
    for k, pull in zip(pressing, pulls, strict=True):
        s = maps[k].times(x)
        out += pull * maps[k].back(np.concatenate([[-s[0]], s[1:]]))
    return out
