"""Our own interior point, for what portfolio programs look like; the polish makes its answer exact.

A primal-dual predictor-corrector for convex quadratic programs with boxes, rows and second-order cones. Every general
solver factors the whole sparse system; here the system is taken apart by what its columns are (see linear_system.py),
which is why 500 assets with a dense covariance, turnover and a tracking-error cone take tens of milliseconds instead of
seconds. It says "optimal" or "failed" and nothing else: what it cannot solve goes down the ladder to solvers that prove
infeasibility.  Source: Mehrotra (1992); for the cones Vandenberghe (2010), the CVXOPT linear and quadratic cone programs.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.solution import SolveStatus
from portopt.optimization.interior_point.linear_system import BarrierSystem, Structure
from portopt.optimization.interior_point.point import Box, Point, Residuals, start
from portopt.optimization.interior_point.second_order import Scaling, longest_step, product, quotient
from portopt.optimization.scaling.presolve import Scaled, SolverAnswer
from portopt.optimization.scaling.ratio_gamma import Linearized, RatioScale

ITERATIONS = 60
ENOUGH = 1e-6  # for the polish; where it declines this solver is asked once more, for
FINE = 1e-9
NEAR = 1e-5  # what is still taken when rounding stops it earlier: the polish corrects it, or the next solver is asked
TO_BOUNDARY = 0.995
REFINEMENTS = 2
ROUGH = 1e-7  # a direction this exact needs no refinement
EARLY = 1e-3  # nor does one so far from the end


def solve(program: Scaled, tolerance: float = ENOUGH, scale: RatioScale | None = None) -> SolverAnswer:
    """Optimal to about `tolerance` with multipliers, or failed with the reason.

    scale: for a ratio, whose theta is one of the unknowns: the answer has it where it stands.
    """
    structure = Structure(program)
    if not structure.fits:
        return SolverAnswer(SolveStatus.FAILED, "structured", message="not of this solver's kind")
    try:
        with np.errstate(all="ignore"):
            return _iterate(program, structure, tolerance, scale)
    except np.linalg.LinAlgError as error:
        return SolverAnswer(SolveStatus.FAILED, "structured", message=str(error))


def _iterate(program: Scaled, structure: Structure, tolerance: float, scale: RatioScale | None) -> SolverAnswer:
    unequal = np.flatnonzero(program.row_lower != program.row_upper)
    lower = np.concatenate([program.lower, program.row_lower[unequal]])
    upper = np.concatenate([program.upper, program.row_upper[unequal]])
    box = Box(lower, upper, np.isfinite(lower), np.isfinite(upper))
    degree = max(1, int(box.has_low.sum() + box.has_high.sum()) + len(program.cones))
    p = start(program, structure, box, unequal)
    near: SolverAnswer | None = None
    iteration = 0
    for iteration in range(ITERATIONS):
        program.form.until.check("solving")
        here = Residuals(program, structure, box, unequal, p, scale)
        if not here.is_finite or here.is_lost:
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


class _Step:
    """Directions from one point: the affine one, then the centred and corrected one, with one factorization."""

    def __init__(self, program: Scaled, structure: Structure, here: Residuals, scalings: list[Scaling]) -> None:
        p, M = here.p, len(program.q)
        self._program, self._structure, self._here, self._p, self._scalings = program, structure, here, p, scalings
        self._D = p.low / here.to_low + p.high / here.to_high
        self._E = np.zeros(len(here.primal))
        self._E[here.unequal] = 1.0 / self._D[M:]
        pairs = zip(scalings, structure.maps, strict=True)
        rows = [(1.0 / w.eta**2, cone.back(_mirrored(w.w))) for w, cone in pairs]
        self._is_near = here.within(EARLY, EARLY)
        self._system = BarrierSystem(structure, program, self._D[:M], self._E, rows, roughly=not self._is_near)
        self._ratio, self._along = self._with_theta()

    def _with_theta(self) -> tuple[Linearized | None, Point]:
        """For a ratio: how the point goes with theta, and what that says of theta. None where it should stay."""
        here, scale = self._here, self._here.scale
        if scale is None:
            return None, self._p
        nothing, idle = np.zeros(len(self._p.u)), [np.zeros(len(s)) for s in self._p.s]
        dual = np.concatenate([scale.linear, np.zeros(len(here.unequal))])
        along = self._direction((dual, np.zeros(len(here.primal)), idle), nothing, nothing, idle)
        along.theta, M = 1.0, len(scale.linear)
        ratio = replace(scale, theta=self._p.theta).linearized(self._program, self._p.u[:M], here.Px, along.u[:M])
        # More theta is more risk for more excess return; where that does not bring it nearer, the point is still far from any.
        return ratio if ratio.is_decided and ratio.excess > 0.0 > ratio.slope else None, along

    def towards(self, target: float, affine: Point | None) -> Point:
        """The Newton direction for products equal to `target`; affine: the first direction, for its second-order term."""
        p, here = self._p, self._here
        on_low, on_high = target - p.low * here.to_low, target - p.high * here.to_high
        if affine is not None:
            on_low, on_high = on_low - affine.u * affine.low, on_high + affine.u * affine.high
        pulls = []
        for k, w in enumerate(self._scalings):
            d = -product(w.point, w.point)
            d[0] += target
            if affine is not None:
                d -= product(w.over(affine.s[k]), w.times(affine.z[k]))
            pulls.append(w.over(quotient(w.point, d)))
        move, ratio = self._direction((here.dual, here.primal, here.outside), on_low, on_high, pulls), self._ratio
        return move if ratio is None else move.moved(ratio.change(move.u[: len(ratio.gradient)]), self._along)

    def _direction(
        self, left: tuple[Vector, Vector, list[Vector]], on_low: Vector, on_high: Vector, pulls: list[Vector]
    ) -> Point:
        """The step that removes what is left (dual, primal, cones) and changes the products by on_low, on_high.

        pulls: the cones' own changes.
        """
        p, here, cones, (dual, primal, outside) = self._p, self._here, self._structure.maps, left
        box, unequal, M = here.box, here.unequal, len(self._program.q)
        on_low, on_high = np.where(box.has_low, on_low, 0.0), np.where(box.has_high, on_high, 0.0)
        rho = -dual + on_low / here.to_low - on_high / here.to_high
        a, b = rho[:M].copy(), -primal
        b[unequal] += rho[M:] / self._D[M:]
        for w, cone, pull, out in zip(self._scalings, cones, pulls, outside, strict=True):
            a[cone.columns] += cone.BT @ (pull - w.over(w.over(out)))
        dx, dy = self._solved(a, b)
        du = np.concatenate([dx, (dy[unequal] + rho[M:]) / self._D[M:]])
        ds = [cone.times(dx) + out for cone, out in zip(cones, outside, strict=True)]
        dz = [pull - w.over(w.over(d)) for pull, w, d in zip(pulls, self._scalings, ds, strict=True)]
        low, high = (on_low - p.low * du) / here.to_low, (on_high + p.high * du) / here.to_high
        return Point(du, dy, low * box.has_low, high * box.has_high, ds, dz, 0.0)

    def _solved(self, a: Vector, b: Vector) -> tuple[Vector, Vector]:
        """The system solved; refined where there are cones, whose scaling loses digits as their boundary comes near."""
        program, D = self._program, self._D[: len(a)]
        dx, dy = self._system.solve(a, b)
        size = float(np.abs(a).max(initial=0.0))
        for _ in range(REFINEMENTS if self._scalings and self._is_near else 0):
            left_a = a - program.P.times(dx) - D * dx - self._structure.back(dy)
            for w, cone in zip(self._scalings, self._structure.maps, strict=True):
                left_a[cone.columns] -= cone.BT @ w.over(w.over(cone.times(dx)))
            left_b = b - self._structure.times(dx) + self._E * dy
            if max(float(np.abs(left_a).max()), float(np.abs(left_b).max(initial=0.0))) <= ROUGH * size:
                break
            more_x, more_y = self._system.solve(left_a, left_b)
            dx, dy = dx + more_x, dy + more_y
        return dx, dy

    def longest(self, d: Point) -> float:
        """The longest step that keeps every slack, multiplier and cone pair inside, at most 1e6."""
        p, here, box = self._p, self._here, self._here.box
        falls = (
            -d.u / here.to_low * box.has_low,
            d.u / here.to_high * box.has_high,
            -d.low / np.where(box.has_low, p.low, 1.0),
            -d.high / np.where(box.has_high, p.high, 1.0),
        )
        steps = [1.0 / max(1e-6, float(fall.max(initial=0.0))) for fall in falls]
        for k in range(len(p.s)):
            steps += [longest_step(p.s[k], d.s[k]), longest_step(p.z[k], d.z[k])]
        return min(steps)


def _mirrored(w: Vector) -> Vector:
    """J w."""
    out = -w
    out[0] = w[0]
    return out
