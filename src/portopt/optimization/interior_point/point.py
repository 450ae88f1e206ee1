"""A point of our interior point: what it consists of, where it starts, and what is left of every condition there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portopt.domain.arrays import Indices, Mask, Vector
from portopt.domain.solution import SolveStatus
from portopt.optimization.interior_point.linear_system import Structure
from portopt.optimization.scaling.presolve import Scaled, SolverAnswer
from portopt.optimization.scaling.ratio_gamma import RatioScale

FIRST_SLACK = 0.1  # weights are of size one and less
FAR = 1e-3
BEYOND_MEASURE = 1e6  # times what the objective asks for
SPREAD = 5.0  # and of many columns they add up to about one


@dataclass(slots=True)
class Point:
    """x and the values r of inequality rows, together `u`; y; box multipliers low, high of u; cone pairs; theta of a ratio."""

    u: Vector
    y: Vector
    low: Vector
    high: Vector
    s: list[Vector]
    z: list[Vector]
    theta: float = 1.0

    def moved(self, a: float, d: Point) -> Point:
        """This plus a times d."""
        s = [one + a * by for one, by in zip(self.s, d.s, strict=True)]
        z = [one + a * by for one, by in zip(self.z, d.z, strict=True)]
        u, y, low, high = self.u + a * d.u, self.y + a * d.y, self.low + a * d.low, self.high + a * d.high
        return Point(u, y, low, high, s, z, self.theta + a * d.theta)


@dataclass(frozen=True, slots=True)
class Box:
    """The sides of u = (x, r). has_low, has_high: where there is one."""

    lower: Vector
    upper: Vector
    has_low: Mask
    has_high: Mask

    def slacks(self, u: Vector) -> tuple[Vector, Vector]:
        """Distances to both sides, 1 where there is none."""
        return np.where(self.has_low, u - self.lower, 1.0), np.where(self.has_high, self.upper - u, 1.0)


class Residuals:
    """What is left of every condition at a point, but for a ratio's own, which `RatioScale.linearized` knows."""

    def __init__(
        self, program: Scaled, structure: Structure, box: Box, unequal: Indices, p: Point, scale: RatioScale | None
    ) -> None:
        self.program, self.box, self.unequal, self.p, self.scale = program, box, unequal, p, scale
        M = len(program.q)
        x, r = p.u[:M], p.u[M:]
        self.Px = Px = program.P.times(x)
        q = program.q if scale is None else program.q + (p.theta - 1.0) * scale.linear
        self.dual = np.concatenate([Px + q + structure.back(p.y), -p.y[unequal]]) - p.low + p.high
        for cone, z in zip(structure.maps, p.z, strict=True):
            self.dual[cone.columns] -= cone.BT @ z
        Ax = structure.times(x)
        self.primal = Ax - program.row_upper
        self.primal[unequal] = Ax[unequal] - r
        self.outside = [cone.times(x) + cone.b - s for cone, s in zip(structure.maps, p.s, strict=True)]
        self.to_low, self.to_high = box.slacks(p.u)
        pairs = sum(float(s @ z) for s, z in zip(p.s, p.z, strict=True))
        self.gap = float(p.low @ self.to_low + p.high @ self.to_high) + pairs
        self.value = abs(0.5 * float(x @ Px) + float(q @ x))
        parts = (self.primal, self.dual, *self.outside)
        self.missed = max(float(np.abs(part).max(initial=0.0)) for part in parts)

    @property
    def is_finite(self) -> bool:
        return bool(np.isfinite(self.gap) and np.isfinite(self.missed))

    @property
    def is_lost(self) -> bool:
        """Multipliers without measure at a point that is nowhere near the limits: mostly there is none."""
        p = self.p
        largest = max(float(np.abs(part).max(initial=0.0)) for part in (p.y, p.low, p.high, *p.z))
        wanted = max(1.0, float(np.abs(self.program.q).max(initial=0.0)))
        return self.missed > FAR and largest > BEYOND_MEASURE * wanted

    def within(self, feasible: float, gap: float) -> bool:
        return self.missed <= feasible and self.gap <= gap * max(self.value, 1e-2)

    def answer(self, iteration: int) -> SolverAnswer:
        M, p = len(self.program.q), self.p
        t = (p.high - p.low)[:M]
        return SolverAnswer(SolveStatus.OPTIMAL, "structured", iteration, p.u[:M].copy(), p.y, t, tuple(p.z), theta=p.theta)


def start(program: Scaled, structure: Structure, box: Box, unequal: Indices) -> Point:
    """Inside every box, near its nearer side where it is wide; multipliers of one size; cones pushed inside.

    unequal: (k,) the rows that are no equalities.
    """
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
    return Point(u, np.zeros(A.shape[0]), np.where(box.has_low, mu / low, 0.0), np.where(box.has_high, mu / high, 0.0), s, z)
