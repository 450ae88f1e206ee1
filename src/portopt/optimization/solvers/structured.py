"""Our own interior point, for what portfolio programs look like; the polish makes its answer exact.

A primal-dual predictor-corrector for convex quadratic programs with boxes, rows and second-order cones. Every general
solver factors the whole sparse system; here the system is taken apart by what its columns are (see barrier_system.py),
which is why 500 assets with a dense covariance, turnover and a tracking-error cone take tens of milliseconds instead of
seconds. It says "optimal" or "failed" and nothing else: what it cannot solve goes down the ladder to solvers that prove
infeasibility.  Source: Mehrotra (1992); for the cones Vandenberghe (2010), the CVXOPT linear and quadratic cone programs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.solution import SolveStatus
from portopt.optimization.presolve import Scaled, SolverAnswer
from portopt.optimization.solvers.barrier_system import BarrierSystem, Structure
from portopt.optimization.solvers.second_order import Scaling, longest_step, product, quotient

ITERATIONS = 60
ENOUGH = 1e-6  # for the polish; where it declines this solver is asked once more, for
FINE = 1e-9
NEAR = 1e-5  # what is still taken when rounding stops it earlier: the polish corrects it, or the next solver is asked
TO_BOUNDARY = 0.995
FIRST_SLACK = 0.1  # weights are of size one and less
REFINEMENTS = 2
ROUGH = 1e-7  # a direction this exact needs no refinement
EARLY = 1e-3  # nor does one so far from the end
SPREAD = 5.0  # and of many columns they add up to about one


def solve(program: Scaled, tolerance: float = ENOUGH) -> SolverAnswer:
    """Optimal to about `tolerance` with multipliers, or failed with the reason."""
    structure = Structure(program)
    if not structure.fits:
        return SolverAnswer(SolveStatus.FAILED, "structured", message="not of this solver's kind")
    try:
        with np.errstate(all="ignore"):
            return _iterate(program, structure, tolerance)
    except np.linalg.LinAlgError as error:
        return SolverAnswer(SolveStatus.FAILED, "structured", message=str(error))


@dataclass(slots=True)
class _Point:
    """x and the values r of inequality rows, together `u`; y; box multipliers low, high of u; cone pairs."""

    u: Vector
    y: Vector
    low: Vector
    high: Vector
    s: list[Vector]
    z: list[Vector]

    def moved(self, a: float, d: _Point) -> _Point:
        """This plus a times d."""
        s = [one + a * by for one, by in zip(self.s, d.s, strict=True)]
        z = [one + a * by for one, by in zip(self.z, d.z, strict=True)]
        return _Point(self.u + a * d.u, self.y + a * d.y, self.low + a * d.low, self.high + a * d.high, s, z)


@dataclass(frozen=True, slots=True)
class _Box:
    """The sides of u = (x, r). has_low, has_high: where there is one."""

    lower: Vector
    upper: Vector
    has_low: Mask
    has_high: Mask

    def slacks(self, u: Vector) -> tuple[Vector, Vector]:
        """Distances to both sides, 1 where there is none."""
        return np.where(self.has_low, u - self.lower, 1.0), np.where(self.has_high, self.upper - u, 1.0)


def _iterate(program: Scaled, structure: Structure, tolerance: float) -> SolverAnswer:
    unequal = np.flatnonzero(program.row_lower != program.row_upper)
    lower = np.concatenate([program.lower, program.row_lower[unequal]])
    upper = np.concatenate([program.upper, program.row_upper[unequal]])
    box = _Box(lower, upper, np.isfinite(lower), np.isfinite(upper))
    degree = max(1, int(box.has_low.sum() + box.has_high.sum()) + len(program.cones))
    p = _start(program, structure, box, unequal)
    near: SolverAnswer | None = None
    iteration = 0
    for iteration in range(ITERATIONS):
        here = _Residuals(program, structure, box, unequal, p)
        if not here.is_finite:
            break
        if here.within(NEAR, NEAR):
            near = here.answer(iteration)
            if here.within(tolerance, tolerance):
                return near
        scalings = [Scaling(s, z) for s, z in zip(p.s, p.z, strict=True)]
        if not all(scaling.is_sound for scaling in scalings):  # rounding has put a pair outside its cone
            break
        step = _Step(program, structure, here, scalings)
        affine = step.towards(0.0, None)
        sigma = (1.0 - min(1.0, step.longest(affine))) ** 3
        move = step.towards(sigma * here.gap / degree, affine)
        a = min(1.0, TO_BOUNDARY * step.longest(move))
        if a < 1e-9:
            break
        p = p.moved(a, move)
    return near or SolverAnswer(SolveStatus.FAILED, "structured", iteration, message="no more progress")


class _Residuals:
    """What is left of every condition at a point."""

    def __init__(self, program: Scaled, structure: Structure, box: _Box, unequal: Indices, p: _Point) -> None:
        self.program, self.box, self.unequal, self.p = program, box, unequal, p
        M = len(program.q)
        x, r = p.u[:M], p.u[M:]
        Px = program.P.times(x)
        self.dual = np.concatenate([Px + program.q + structure.AT @ p.y, -p.y[unequal]]) - p.low + p.high
        for cone, z in zip(structure.maps, p.z, strict=True):
            self.dual[cone.columns] -= cone.BT @ z
        Ax = program.A @ x
        self.primal = Ax - program.row_upper
        self.primal[unequal] = Ax[unequal] - r
        self.outside = [cone.times(x) + cone.b - s for cone, s in zip(structure.maps, p.s, strict=True)]
        self.to_low, self.to_high = box.slacks(p.u)
        pairs = sum(float(s @ z) for s, z in zip(p.s, p.z, strict=True))
        self.gap = float(p.low @ self.to_low + p.high @ self.to_high) + pairs
        self.value = abs(0.5 * float(x @ Px) + float(program.q @ x))
        parts = (self.primal, self.dual, *self.outside)
        self.missed = max(float(np.abs(part).max(initial=0.0)) for part in parts)

    @property
    def is_finite(self) -> bool:
        return bool(np.isfinite(self.gap) and np.isfinite(self.missed))

    def within(self, feasible: float, gap: float) -> bool:
        return self.missed <= feasible and self.gap <= gap * max(self.value, 1e-2)

    def answer(self, iteration: int) -> SolverAnswer:
        M, p = len(self.program.q), self.p
        t = (p.high - p.low)[:M]
        return SolverAnswer(SolveStatus.OPTIMAL, "structured", iteration, p.u[:M].copy(), p.y, t, tuple(p.z))


class _Step:
    """Directions from one point: the affine one, then the centred and corrected one, with one factorization."""

    def __init__(self, program: Scaled, structure: Structure, here: _Residuals, scalings: list[Scaling]) -> None:
        p, M = here.p, len(program.q)
        self._program, self._structure, self._box, self._unequal, self._p, self._scalings = (
            program,
            structure,
            here.box,
            here.unequal,
            p,
            scalings,
        )
        self._dual, self._primal, self._outside = here.dual, here.primal, here.outside
        self._to_low, self._to_high = here.to_low, here.to_high
        self._D = p.low / here.to_low + p.high / here.to_high
        E = np.zeros(len(here.primal))
        E[here.unequal] = 1.0 / self._D[M:]
        pairs = zip(scalings, structure.maps, strict=True)
        rows = [(1.0 / w.eta**2, cone.back(_mirrored(w.w))) for w, cone in pairs]
        self._E = E
        self._is_near = here.within(EARLY, EARLY)
        self._system = BarrierSystem(structure, program, self._D[:M], E, rows)

    def towards(self, target: float, affine: _Point | None) -> _Point:
        """The Newton direction for products equal to `target`; affine: the first direction, for its second-order term."""
        p = self._p
        on_low, on_high = target - p.low * self._to_low, target - p.high * self._to_high
        if affine is not None:
            on_low, on_high = on_low - affine.u * affine.low, on_high + affine.u * affine.high
        pulls = []
        for k, w in enumerate(self._scalings):
            d = -product(w.point, w.point)
            d[0] += target
            if affine is not None:
                d -= product(w.over(affine.s[k]), w.times(affine.z[k]))
            pulls.append(w.over(quotient(w.point, d)))
        return self._direction(on_low, on_high, pulls)

    def _direction(self, on_low: Vector, on_high: Vector, pulls: list[Vector]) -> _Point:
        """The step that removes the residuals and changes the products by on_low, on_high; pulls: the cones' own changes."""
        p, box, M, cones = self._p, self._box, len(self._program.q), self._structure.maps
        on_low, on_high = np.where(box.has_low, on_low, 0.0), np.where(box.has_high, on_high, 0.0)
        rho = -self._dual + on_low / self._to_low - on_high / self._to_high
        a, b = rho[:M].copy(), -self._primal
        b[self._unequal] += rho[M:] / self._D[M:]
        for w, cone, pull, out in zip(self._scalings, cones, pulls, self._outside, strict=True):
            a[cone.columns] += cone.BT @ (pull - w.over(w.over(out)))
        dx, dy = self._solved(a, b)
        du = np.concatenate([dx, (dy[self._unequal] + rho[M:]) / self._D[M:]])
        ds = [cone.times(dx) + out for cone, out in zip(cones, self._outside, strict=True)]
        dz = [pull - w.over(w.over(d)) for pull, w, d in zip(pulls, self._scalings, ds, strict=True)]
        low, high = (on_low - p.low * du) / self._to_low, (on_high + p.high * du) / self._to_high
        return _Point(du, dy, low * box.has_low, high * box.has_high, ds, dz)

    def _solved(self, a: Vector, b: Vector) -> tuple[Vector, Vector]:
        """The system solved; refined where there are cones, whose scaling loses digits as their boundary comes near."""
        program, D = self._program, self._D[: len(a)]
        dx, dy = self._system.solve(a, b)
        size = float(np.abs(a).max(initial=0.0))
        for _ in range(REFINEMENTS if self._scalings and self._is_near else 0):
            left_a = a - program.P.times(dx) - D * dx - self._structure.AT @ dy
            for w, cone in zip(self._scalings, self._structure.maps, strict=True):
                left_a[cone.columns] -= cone.BT @ w.over(w.over(cone.times(dx)))
            left_b = b - program.A @ dx + self._E * dy
            if max(float(np.abs(left_a).max()), float(np.abs(left_b).max(initial=0.0))) <= ROUGH * size:
                break
            more_x, more_y = self._system.solve(left_a, left_b)
            dx, dy = dx + more_x, dy + more_y
        return dx, dy

    def longest(self, d: _Point) -> float:
        """The longest step that keeps every slack, multiplier and cone pair inside, at most 1e6."""
        p, box = self._p, self._box
        falls = (
            -d.u / self._to_low * box.has_low,
            d.u / self._to_high * box.has_high,
            -d.low / np.where(box.has_low, p.low, 1.0),
            -d.high / np.where(box.has_high, p.high, 1.0),
        )
        steps = [1.0 / max(1e-6, float(fall.max(initial=0.0))) for fall in falls]
        for k in range(len(p.s)):
            steps += [longest_step(p.s[k], d.s[k]), longest_step(p.z[k], d.z[k])]
        return min(steps)


def _start(program: Scaled, structure: Structure, box: _Box, unequal: Indices) -> _Point:
    """Inside every box, near its nearer side where it is wide; multipliers of one size; cones pushed inside."""
    A = program.A
    width = np.where(box.has_low & box.has_high, box.upper - box.lower, np.inf)
    M = len(program.q)
    first = np.concatenate([np.full(M, min(FIRST_SLACK, SPREAD / M)), np.full(len(unequal), FIRST_SLACK)])
    room = np.minimum(0.5 * width, first)
    u = np.zeros(len(box.lower))
    u[: len(program.q)] = np.where(box.has_low, box.lower + 1.0 / len(program.q), 0.0)[: len(program.q)]
    u[len(program.q) :] = A[unequal] @ u[: len(program.q)]
    u = np.where(box.has_low, np.maximum(u, box.lower + room), u)
    u = np.where(box.has_high, np.minimum(u, box.upper - room), u)
    size = max(1e-2, float(np.abs(program.q[program.wanted]).max(initial=0.0)))
    low, high = box.slacks(u)
    s, z = [], []
    for cone in structure.maps:
        point = cone.times(u[: len(program.q)]) + cone.b
        point[0] = max(point[0], 1.1 * float(np.linalg.norm(point[1:])) + FIRST_SLACK)
        s.append(point)
        z.append(np.concatenate([[size], np.zeros(len(point) - 1)]))
    mu = 0.1 * size * first
    return _Point(u, np.zeros(A.shape[0]), np.where(box.has_low, mu / low, 0.0), np.where(box.has_high, mu / high, 0.0), s, z)


def _mirrored(w: Vector) -> Vector:
    """J w."""
    out = -w
    out[0] = w[0]
    return out
